"""The final MP4 from its segments: packets copied, never coded again."""

from pathlib import Path

import av


def assemble(fragments: Path, target: Path) -> None:
    """Copy a fragmented MP4 (init and all fragments in a row) into a faststart MP4.

    Both tracks keep their times, the sound its edit list for the encoder's priming.
    """
    with (
        av.open(fragments, format="mp4") as source,
        av.open(target, "w", format="mp4", options={"movflags": "+faststart"}) as file,
    ):
        pairs = {
            stream.index: file.add_stream_from_template(stream, opaque=True)
            for stream in source.streams
        }
        for packet in source.demux():
            if packet.dts is None:
                continue
            packet.stream = pairs[packet.stream_index]
            file.mux(packet)
