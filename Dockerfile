# A box's runtime: Node, git and harnessd, started by a small init that reaps what daemons must not.
#   docker build -t harnessd .
#   docker run -p 8420:8420 -e HARNESSD_TOKEN=… -e ANTHROPIC_API_KEY=… -v harnessd:/var/lib/harnessd harnessd
FROM node:24-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN npm run build && npm prune --omit=dev --ignore-scripts --no-audit --no-fund

FROM node:24-bookworm-slim
ARG PACKAGES="ca-certificates curl git openssh-client procps tini"
RUN apt-get update \
  && apt-get install -y --no-install-recommends $PACKAGES \
  && rm -rf /var/lib/apt/lists/*
COPY --from=build /build/package.json /opt/harnessd/package.json
COPY --from=build /build/node_modules /opt/harnessd/node_modules
COPY --from=build /build/dist /opt/harnessd/dist
COPY container/entry.sh /opt/harnessd/entry.sh
RUN ln -s /opt/harnessd/dist/harnessd.js /usr/local/bin/harnessd && chmod +x /opt/harnessd/dist/harnessd.js && mkdir -p /workspace /var/lib/harnessd

ENV HARNESSD_HOST=0.0.0.0 \
  HARNESSD_PORT=8420 \
  HARNESSD_WORKSPACE=/workspace \
  HARNESSD_STATE_DIR=/var/lib/harnessd \
  HARNESSD_AGENTS_DIR=/opt/harnessd/agents
WORKDIR /workspace
EXPOSE 8420
HEALTHCHECK --interval=30s --timeout=3s CMD curl -fsS http://127.0.0.1:8420/healthz
# Node as PID 1 would not reap orphans; tini does.
ENTRYPOINT ["/opt/harnessd/entry.sh"]
CMD ["serve"]
