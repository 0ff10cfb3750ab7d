"""The rooms and the one way of their imports, as docs/01-architecture.md draws them."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("media", "gallery", "serve", "deployments")


def modules() -> dict[str, Path]:
    paths = [p for room in ROOMS for p in (ROOT / room).rglob("*.py")]
    paths.append(ROOT / "pipeline_graph.py")
    return {
        ".".join(p.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): p
        for p in paths
    }


MODULES = modules()


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


IMPORTS = {name: imports(path) for name, path in MODULES.items()}


def is_shell(name: str) -> bool:
    """Modules of deployments/ that know Ray or the service, unlike engines."""
    last = name.rsplit(".", 1)[-1]
    return last == "deployment" or "director" in name or name.count(".") == 1


def room(name: str) -> str:
    if name.startswith("deployments"):
        return "shells" if is_shell(name) else "engines"
    if name.startswith("serve.api") or name == "pipeline_graph":
        return name.split(".", 2)[1] if name.startswith("serve") else "graph"
    return name.split(".")[0]


MAY_IMPORT = {
    "media": {"media"},
    "gallery": {"media", "gallery"},
    "engines": {"media", "engines"},
    "serve": {"media", "gallery", "serve"},
    "api": {"media", "gallery", "serve", "api"},
    "shells": {"media", "engines", "serve", "shells"},
    "graph": {"shells", "api"},
}


@pytest.mark.parametrize("name", sorted(MODULES))
def test_a_module_imports_only_from_rooms_below_its_own(name: str) -> None:
    if name == "gallery.recipe":  # a command that paints the gallery anew; nothing imports it
        return
    # A package's own __init__ holds no code: what counts is the module taken from it.
    code = {n for n, path in MODULES.items() if path.name != "__init__.py" or n == "gallery"}
    ours = IMPORTS[name] & code
    allowed = MAY_IMPORT[room(name)]
    wrong = {other for other in ours if room(other) not in allowed}
    assert not wrong


@pytest.mark.parametrize("name", sorted(n for n in MODULES if room(n) in ("media", "engines")))
def test_plain_data_and_engines_know_neither_ray_nor_http(name: str) -> None:
    roots = {imported.split(".")[0] for imported in IMPORTS[name]}
    assert not roots & {"ray", "fastapi", "starlette", "httpx", "aiohttp", "requests", "serve"}


def test_ray_serve_is_imported_only_by_the_graph_the_shells_and_the_ingress() -> None:
    users = {
        name for name, found in IMPORTS.items() if any(i.split(".")[0] == "ray" for i in found)
    }
    assert all(room(n) in ("shells", "graph") or n == "serve.api.ingress" for n in users)


def test_imports_have_no_circles() -> None:
    ours = {n: {i for i in found if i in MODULES and i != n} for n, found in IMPORTS.items()}
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, " -> ".join((*path, name))
        if name not in done:
            for other in ours[name]:
                visit(other, (*path, name))
            done.add(name)

    for name in ours:
        visit(name, ())


def test_modules_stay_short() -> None:
    long = {name: n for name, p in MODULES.items() if (n := len(p.read_text().splitlines())) > 300}
    assert not long
