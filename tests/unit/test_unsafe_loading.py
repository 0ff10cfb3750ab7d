"""Nothing in the project opens a file in a way that can run what somebody has put into it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("media", "gallery", "serve", "deployments", "loadtest", "bench", "training", "k8s")

EXECUTING = {"pickle", "_pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve"}
"""Modules whose formats are programs."""
CALLS = {
    *("eval", "exec", "__import__"),
    *(
        "torch.jit.load",
        "torch.hub.load",
        "torch.package.PackageImporter",
        "torch.ops.load_library",
    ),
    *("yaml.unsafe_load", "yaml.unsafe_load_all", "yaml.full_load", "yaml.full_load_all"),
    *("ctypes.CDLL", "ctypes.cdll.LoadLibrary"),
}
METHODS = {
    *("read_pickle", "extractall", "unpack_archive"),  # the last two: paths of an archive's choice
    *("add_safe_globals", "safe_globals", "load_delegate"),
    *("register_custom_ops_library", "add_extension"),  # of onnxruntime, of OpenVINO
    *("import_module", "exec_module", "run_path", "run_module"),
}
KEYWORDS = {
    "allow_pickle": False,
    "weights_only": True,
    "use_safetensors": True,
    "local_files_only": True,
    "trust_remote_code": False,
}
"""Arguments that may have no other value."""
NEEDED = {
    "torch.load": {"weights_only"},
    "from_pretrained": {"use_safetensors", "local_files_only"},
}
"""Arguments that must be there."""
SAFE = {"SafeLoader", "CSafeLoader"}

ALLOWED = {
    # An Unpickler that builds tensors and nothing else.
    ("deployments/cloning/torch_file.py", "imports pickle"),
    # Classes of plain fields that XTTS's published checkpoint holds.
    ("deployments/speech/opening.py", "calls safe_globals"),
    # The graph and the engines that the operator's config names: whoever writes it says what runs.
    ("deployments/launch.py", "calls import_module"),
    ("deployments/loading.py", "calls import_module"),
    ("deployments/speech/several.py", "calls import_module"),
    ("deployments/cloning/kept_sample.py", "calls import_module"),
    ("bench/zero_shot.py", "imports importlib.import_module"),
    # The policy that the operator's settings name.
    ("serve/policies/asking.py", "calls import_module"),
    # Fields of a certificate.
    ("serve/marking/development.py", "calls add_extension"),
    # Our own decoders, named by our own code.
    ("media/decoder_child.py", "calls import_module"),
}


def faults(source: str) -> Iterator[str]:
    """What in a module could run a file's content, in words."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names]
            modules = names if isinstance(node, ast.Import) else [node.module or ""]
            for module in modules:
                if module.partition(".")[0] in EXECUTING:
                    yield f"imports {module}"
            if isinstance(node, ast.ImportFrom):
                yield from (
                    f"imports {node.module}.{name}"
                    for name in names
                    if name in METHODS or f"{node.module}.{name}" in {*CALLS, *NEEDED}
                )
        elif isinstance(node, ast.Call):
            yield from _of_call(node)


def _of_call(call: ast.Call) -> Iterator[str]:
    path = ast.unparse(call.func)
    method = path.rpartition(".")[2]
    if path in CALLS:
        yield f"calls {path}"
    if method in METHODS and path != method and not _of_a_fixed_name(call, method):
        yield f"calls {method}"
    given = {word.arg: word.value for word in call.keywords if word.arg}
    for name, value in given.items():
        if name in KEYWORDS and ast.unparse(value) != str(KEYWORDS[name]):
            yield f"says {name}={ast.unparse(value)}"
    for name in NEEDED.get(path, NEEDED.get(method, set()) if path != method else set()):
        if name not in given:
            yield f"calls {path} without {name}"
    if path in ("yaml.load", "yaml.load_all"):
        loader = ast.unparse(given["Loader"]) if "Loader" in given else ""
        if loader.removeprefix("yaml.") not in SAFE:
            yield f"calls {path}"


def _of_a_fixed_name(call: ast.Call, method: str) -> bool:
    """A library that may not be installed is imported by a name that stands there."""
    return method == "import_module" and isinstance(call.args[0], ast.Constant)


MODULES = sorted(
    str(path.relative_to(ROOT))
    for path in [ROOT / "pipeline_graph.py", *(p for r in ROOMS for p in (ROOT / r).rglob("*.py"))]
)


@pytest.mark.parametrize("name", MODULES)
def test_a_module_opens_files_as_data_only(name: str) -> None:
    found = {(name, fault) for fault in faults((ROOT / name).read_text())}
    assert found <= ALLOWED


def test_what_is_allowed_is_there() -> None:
    """So that no exception outlives its reason."""
    for name, fault in ALLOWED:
        assert fault in set(faults((ROOT / name).read_text())), name


@pytest.mark.parametrize(
    "line",
    [
        "import pickle",
        "import joblib.parallel",
        "from pickle import Unpickler",
        "from torch import load",
        "torch.load(path)",
        "torch.load(path, weights_only=False)",
        "torch.load(path, weights_only=safe)",
        "np.load(path, allow_pickle=True)",
        "yaml.load(text)",
        "yaml.load(text, Loader=yaml.FullLoader)",
        "yaml.unsafe_load(text)",
        "pandas.read_pickle(path)",
        "torch.jit.load(path)",
        "tar.extractall(folder)",
        "torch.serialization.add_safe_globals([Any])",
        "options.register_custom_ops_library(path)",
        "Model.from_pretrained(folder, use_safetensors=True)",
        "Model.from_pretrained(folder, local_files_only=True, use_safetensors=False)",
        "Model.from_pretrained(folder, local_files_only=True, use_safetensors=True, "
        "trust_remote_code=True)",
        "importlib.import_module(name)",
        "from importlib import import_module",
        "eval(text)",
        "exec(text)",
    ],
)
def test_what_could_run_a_files_content_is_seen(line: str) -> None:
    assert list(faults(line)) != []


@pytest.mark.parametrize(
    "line",
    [
        "torch.load(path, map_location='cpu', weights_only=True)",
        "np.load(path)",
        "np.load(path, allow_pickle=False)",
        "yaml.safe_load(text)",
        "yaml.load(text, Loader=yaml.CSafeLoader)",
        "Model.from_pretrained(folder, local_files_only=True, use_safetensors=True)",
        "network.eval()",
        "importlib.import_module('torch')",
        "from json import load",
    ],
)
def test_what_opens_data_as_data_is_let_be(line: str) -> None:
    assert list(faults(line)) == []
