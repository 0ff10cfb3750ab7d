"""Wav2Lip as a lip sync engine: the network's mouth, feathered into a still portrait."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final, Self

import numpy as np
from numpy.typing import NDArray

from deployments.lipsync.alive import alive
from deployments.lipsync.engine import LipsyncCall
from deployments.lipsync.eyes import Eye, find_eyes
from deployments.lipsync.landmarks import LOWER_INNER, UPPER_INNER, face_frame
from deployments.lipsync.mouth import MouthReader
from deployments.lipsync.wav2lip import mel
from deployments.lipsync.wav2lip.gate import speaking
from deployments.lipsync.wav2lip.opening import (
    GPU_BATCH,
    PROCESSOR_BATCH,
    WEIGHTS,
    chosen,
    open_runner,
)
from deployments.lipsync.wav2lip.paste import Matcher, Shown, paste, sharpen
from deployments.lipsync.wav2lip.place import Place, find_place
from deployments.lipsync.wav2lip.runner import FloatArray, Runner
from media.face import Picture, Portrait
from media.patch import Frame, Patch

CLOSED: Final = 0.03
"""Gap of the lips in the picture, in face units, up to which its own mouth is shown in silence."""


@dataclass(frozen=True, slots=True, eq=False)
class Wav2LipPortrait:
    """A portrait ready to speak."""

    rgb: Picture
    place: Place
    matcher: Matcher
    face: Any
    """What the runner needs of it."""
    eyes: tuple[Eye, ...]
    unit: float
    rest: Shown | None
    """The mouth in silence; None: the portrait's own, for it is closed."""


class Wav2Lip:
    """Prajwal et al., ACM MM 2020, from its published checkpoint or an ONNX export. Thread-safe."""

    weights: ClassVar[Sequence[str]] = tuple(name for name, _ in WEIGHTS.values())

    def __init__(
        self, runner: Runner, reader: MouthReader | None, batch: int = 1, sharpened: float = 0.0
    ) -> None:
        self.batch = batch
        self._runner = runner
        self._reader = reader
        self._sharpened = sharpened

    @classmethod
    def weights_for(cls, options: Mapping[str, object]) -> Sequence[str]:
        """Names of the weights that `load` opens with these options."""
        if options.get("runtime") == "onnx" or options.get("file"):
            return ()
        return (chosen(str(options.get("variant", "gan")))[0],)

    @classmethod
    def load(
        cls,
        files: Mapping[str, Path],
        *,
        threads: int,
        runtime: str = "torch",
        variant: str = "gan",
        file: str = "",
        device: str = "auto",
        dtype: str = "auto",
        memory_mb: int = 0,
        batch: int = 0,
        sharpen: float = 0.0,
        silence: bool = True,
    ) -> Self:
        """Open the network.

        Args:
            files: The weights of `weights_for`.
            threads: Of the processor, that a batch may use.
            runtime: `torch`, or `onnx` for onnxruntime.
            variant: Which published checkpoint: `gan` looks sharper, `plain` is more in step.
            file: Another checkpoint in place of it; with `onnx` the network to open.
            device: `auto`, `cpu` or `cuda`.
            dtype: Of torch's numbers: `auto`, `float32`, `bfloat16` or `float16`.
            memory_mb: MiB that the network may take of a GPU; 0: no cap.
            batch: Calls that are made together; 0: 8 on a GPU, 2 on a processor.
            sharpen: Unsharp mask on the network's picture, 0 to 2.
            silence: Close the mouth where nobody speaks.

        Raises AvatarError `weights_missing`, and `invalid_request` for a GPU that is not there.
        """
        if not 0 <= sharpen <= 2:
            raise ValueError("sharpen lies between 0 and 2")
        runner = open_runner(
            files,
            runtime=runtime,
            variant=variant,
            file=file,
            threads=threads,
            device=device,
            dtype=dtype,
            memory_mb=memory_mb,
            faces=batch or GPU_BATCH,
        )
        reader = MouthReader.load(threads=threads) if silence else None
        batch = batch or (GPU_BATCH if runner.on_gpu else PROCESSOR_BATCH)
        return cls(runner, reader, batch, sharpen)

    def warm_up(self) -> None:
        """Infer at every batch size that is used."""
        self._runner.warm_up()

    def peak_mb(self) -> int | None:
        """The most GPU memory held, MiB."""
        return self._runner.peak_mb()

    def prepare(self, portrait: Portrait) -> Wav2LipPortrait:
        """Cut out the face, run what sees only the face, and find the mouth for silence."""
        mesh = portrait.face.mesh
        if mesh is None:
            raise ValueError("a portrait's face needs its mesh")
        height, width = portrait.rgb.shape[:2]
        place = find_place(portrait.rgb, mesh)
        matcher = Matcher.of(place)
        face = self._runner.face(place.face)
        rest = None
        if _gap(mesh) > CLOSED:
            silence = np.full((1, mel.BANDS, mel.COLUMNS), mel.SILENT, np.float32)
            (made,) = self._runner.speak(silence, [face], np.zeros(1, np.intp))
            rest = self._finish(matcher, made)
        return Wav2LipPortrait(
            portrait.rgb,
            place,
            matcher,
            face,
            find_eyes(mesh, (width, height)),
            face_frame(mesh).unit,
            rest,
        )

    def frames(self, calls: Sequence[tuple[Wav2LipPortrait, LipsyncCall]]) -> list[list[Frame]]:
        """The frames of each call. The network runs once for the spoken frames of all of them."""
        shares = [self._shares(call) for _, call in calls]
        heard = [
            mel.windows(call.sound, call.fps, call.start, call.stop)[share > 0]
            for (_, call), share in zip(calls, shares, strict=True)
        ]
        whose = np.repeat(np.arange(len(calls)), [len(h) for h in heard]).astype(np.intp)
        faces = [portrait.face for portrait, _ in calls]
        made = iter(self._runner.speak(np.concatenate(heard), faces, whose) if calls else ())
        return [
            [
                self._frame(
                    portrait, call, call.start + k, next(made) if share > 0 else None, share
                )
                for k, share in enumerate(of_call.tolist())
            ]
            for (portrait, call), of_call in zip(calls, shares, strict=True)
        ]

    def _shares(self, call: LipsyncCall) -> NDArray[np.float32]:
        """How much of the network's mouth each frame shows: 0 in silence."""
        if self._reader is None:
            return np.ones(call.stop - call.start, np.float32)
        return speaking(self._reader, call.sound, call.fps, call.start, call.stop)

    def _frame(
        self,
        portrait: Wav2LipPortrait,
        call: LipsyncCall,
        number: int,
        made: FloatArray | None,
        share: float,
    ) -> Frame:
        mouth = self._mouth(portrait, made, share)
        if not call.life:
            return Frame(mouth)
        seconds = float(number / call.fps)
        return alive(portrait.rgb, portrait.eyes, portrait.unit, mouth, call.seed, seconds)

    def _mouth(
        self, portrait: Wav2LipPortrait, made: FloatArray | None, share: float
    ) -> tuple[Patch, ...]:
        """The painted mouth, faded into the mouth in silence; nothing where that is the picture."""
        place, rest = portrait.place, portrait.rest
        if made is None:
            return () if rest is None else (paste(place, rest),)
        shown = self._finish(portrait.matcher, made)
        if rest is None:
            return (paste(place, shown, share),)
        return (paste(place, rest + np.float32(share) * (shown - rest)),)

    def _finish(self, matcher: Matcher, made: FloatArray) -> Shown:
        """(3, rows, columns) BGR of the network to what is pasted."""
        picture = np.ascontiguousarray(made[::-1].transpose(1, 2, 0))
        return sharpen(matcher.match(picture), self._sharpened)


def _gap(mesh: NDArray[np.float32]) -> float:
    """How far the lips are apart in the picture, in face units."""
    upper, lower = (mesh[list(line), :2] for line in (UPPER_INNER, LOWER_INNER))
    return float(np.linalg.norm(lower - upper, axis=1).max()) / face_frame(mesh).unit
