"""The graph: every stage its own deployment, wired by handles behind one ingress.

    client -> Ingress -> Director -> Portrait, Face, Speech, Cloning
                                  -> Encode -> Lipsync

`serve run pipeline_graph:app` runs it with defaults; config/*.yaml give each stage its engine,
resources, autoscaling and limits, and the application its `args`.
"""

from ray.serve import Application

from deployments.arguments import Arguments
from deployments.cloning.deployment import CloningStage
from deployments.deployed import deployed
from deployments.director.deployment import DirectorStage
from deployments.encode.deployment import EncodeStage
from deployments.face.deployment import FaceStage
from deployments.lipsync.deployment import LipsyncStage
from deployments.portrait.deployment import PortraitStage
from deployments.speech.deployment import SpeechStage
from serve.api.ingress import Ingress


def app(arguments: Arguments) -> Application:
    """The application."""
    portrait = PortraitStage.bind()
    face = FaceStage.bind()
    speech = SpeechStage.bind()
    lipsync = LipsyncStage.bind()
    encode = EncodeStage.bind(lipsync)
    cloning = CloningStage.bind()
    director = DirectorStage.bind(portrait, face, speech, encode, cloning)

    ingress: Application = Ingress.bind(
        portrait, face, speech, encode, cloning, director, deployed, arguments.access
    )
    return ingress
