# Every stage by its engines for the CPU: `docker build -f docker/cpu.Dockerfile -t avatar-serve-cpu:0.1.0 .`
# The base is pinned by version: its digest could not be looked up where this was written.
FROM python:3.11.14-slim-bookworm AS build
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
# Kept out of the second stage, as are pip's downloads.
RUN apt-get update \
    && apt-get install -y --no-install-recommends build-essential=12.9 \
    && rm -rf /var/lib/apt/lists/*
RUN python -m venv /opt/venv
WORKDIR /app
# What the project asks for, each file by its hash, before its own code: a change of code alone makes a small layer.
COPY locks/build.txt locks/cpu.txt locks/
RUN /opt/venv/bin/python -m pip install --no-deps --only-binary :all: --require-hashes -r locks/build.txt \
    && /opt/venv/bin/python -m pip install --no-deps --only-binary :all: --no-binary jieba --no-build-isolation --require-hashes -r locks/cpu.txt
COPY . .
RUN /opt/venv/bin/python -m pip install --no-deps --no-build-isolation -e . \
    && /opt/venv/bin/python -m pip check

FROM python:3.11.14-slim-bookworm
LABEL org.opencontainers.image.title="avatar-serve-cpu" \
      org.opencontainers.image.licenses="Apache-2.0"
# espeak-ng (GPL-3.0) reads the texts of five languages; it runs as a process of its own.
RUN apt-get update \
    && apt-get install -y --no-install-recommends "espeak-ng=1.51*" \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --user-group --create-home avatar \
    && install -d -o avatar -g avatar /data /weights \
    # A login shell, as some of KubeRay's releases start, has a PATH of its own.
    && ln -s /opt/venv/bin/ray /opt/venv/bin/serve /opt/venv/bin/avatar-serve /usr/local/bin/
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    AVATAR_DATA_DIR=/data \
    AVATAR_WEIGHTS_DIR=/weights \
    MALLOC_ARENA_MAX=2
WORKDIR /app
USER 10001:10001
# KubeRay starts Ray in its place.
CMD ["avatar-serve", "serve", "--host", "0.0.0.0"]
