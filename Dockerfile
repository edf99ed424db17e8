FROM ghcr.io/astral-sh/uv:0.13 AS uv

FROM python:3.13-slim AS build
COPY --from=uv /uv /usr/local/bin/uv
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never
WORKDIR /app
# The dependencies change less often than the code: a layer of their own.
COPY pyproject.toml uv.lock README.md LICENSE ./
RUN --mount=type=cache,target=/root/.cache/uv uv sync --locked --no-default-groups --no-install-project
COPY entrypoint.py ./
COPY github_metrics ./github_metrics
COPY projections ./projections
COPY replay ./replay
COPY alembic ./alembic
RUN --mount=type=cache,target=/root/.cache/uv uv sync --locked --no-default-groups

FROM python:3.13-slim
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="GitHub Metrics" \
      org.opencontainers.image.description="Receives GitHub webhooks, keeps every delivery, and serves review and CI numbers" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
RUN groupadd --gid 10001 metrics \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin metrics \
 && install --directory --owner=10001 --group=10001 --mode=0700 /data
COPY --from=build /app /app
# The virtual environment first, so that `alembic upgrade head` works in a shell of the container.
ENV PATH=/app/.venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    METRICS_DATA_DIR=/data
WORKDIR /app
USER 10001:10001
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen('http://127.0.0.1:' + (os.environ.get('METRICS_SERVER_PORT') or '8080') + '/health', timeout=4)"]
ENTRYPOINT ["python", "entrypoint.py"]
