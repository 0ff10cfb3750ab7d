# Every engine, with CUDA: `docker build -f docker/gpu.Dockerfile -t avatar-serve-gpu:0.1.0 .`
# CUDA's libraries come with the wheels and the driver from the machine, so the base is the same as without a GPU.
# Pinned by version: its digest could not be looked up where this was written.
FROM python:3.11.14-slim-bookworm AS build
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN apt-get update \
    && apt-get install -y --no-install-recommends build-essential=12.9 \
    && rm -rf /var/lib/apt/lists/*
RUN python -m venv /opt/venv
WORKDIR /app
# Each file by its hash; of our own is what stands for onnxruntime, as in `make gpu`.
COPY locks/build.txt locks/gpu.txt locks/
COPY packaging packaging
RUN /opt/venv/bin/python -m pip install --no-deps --only-binary :all: --require-hashes -r locks/build.txt \
    && /opt/venv/bin/python -m pip install --no-deps --no-build-isolation ./packaging/onnxruntime-on-gpu \
    && /opt/venv/bin/python -m pip install --no-deps --only-binary :all: --no-binary jieba --no-build-isolation --require-hashes -r locks/gpu.txt
COPY . .
RUN /opt/venv/bin/python -m pip install --no-deps --no-build-isolation -e . \
    && /opt/venv/bin/python -m pip check

FROM python:3.11.14-slim-bookworm
LABEL org.opencontainers.image.title="avatar-serve-gpu" \
      org.opencontainers.image.licenses="Apache-2.0"
# libgl1, libglib2.0-0: the OpenCV that insightface brings links to them.
RUN apt-get update \
    && apt-get install -y --no-install-recommends "espeak-ng=1.51*" "libgl1=1.6*" "libglib2.0-0=2.74*" \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --user-group --create-home avatar \
    && install -d -o avatar -g avatar /data /weights \
    && ln -s /opt/venv/bin/ray /opt/venv/bin/serve /opt/venv/bin/avatar-serve /usr/local/bin/
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
# `video`: the driver's part that encodes.
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    AVATAR_DATA_DIR=/data \
    AVATAR_WEIGHTS_DIR=/weights \
    MALLOC_ARENA_MAX=2 \
    NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility,video
WORKDIR /app
USER 10001:10001
CMD ["avatar-serve", "serve", "--host", "0.0.0.0", "--config", "config/gpu.yaml"]
