FROM python:3.13.16-slim-trixie@sha256:70729b46c69b4f1e97c4822c1af3df53a1476cf5ddc6c087c0c10bc3a5678c2f AS base

FROM base AS builder
WORKDIR /build
COPY scripts/uv.txt ./
RUN pip install --no-cache-dir --require-hashes --requirement uv.txt
ENV UV_COMPILE_BYTECODE=1 \
    UV_NO_CACHE=1 \
    UV_PROJECT_ENVIRONMENT=/opt/threads-exporter \
    UV_PYTHON_DOWNLOADS=never
COPY pyproject.toml uv.lock ./
RUN uv sync --locked --no-dev --extra postgres --no-install-project
COPY LICENSE README.md ./
COPY exporter exporter
RUN uv sync --locked --no-dev --extra postgres --no-editable && mkdir /data

FROM base
ARG REVISION=unknown
LABEL org.opencontainers.image.title="threads-exporter" \
      org.opencontainers.image.description="Prometheus exporter for Meta's Threads API" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.revision="$REVISION"
ENV PATH="/opt/threads-exporter/bin:$PATH" \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    THREADS_EXPORTER_CONFIG_FILE=/etc/threads-exporter/config.yaml \
    THREADS_EXPORTER_REVISION="$REVISION"
COPY --from=builder /opt/threads-exporter /opt/threads-exporter
COPY --from=builder --chown=65532:65532 /data /data
USER 65532:65532
WORKDIR /data
VOLUME /data
EXPOSE 10068
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=15s CMD ["threads-exporter", "healthcheck"]
ENTRYPOINT ["threads-exporter"]
