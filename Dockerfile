# Build: the toolchain and the headers. The binary carries the Swift runtime, so the image needs no toolchain.
FROM swift:6.3-bookworm AS build
RUN apt-get update \
 && apt-get install --yes --no-install-recommends libdnnl-dev libsqlite3-dev libssl-dev zlib1g-dev \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY Package.swift openapi.yaml ./
COPY Sources Sources
COPY Tests Tests
RUN swift build -c release --product epsilond --static-swift-stdlib \
 && install -D --strip .build/release/epsilond /out/epsilond

FROM debian:12-slim
RUN apt-get update \
 && apt-get install --yes --no-install-recommends \
      ca-certificates curl dataset-fashion-mnist libdnnl2 libjs-chart.js libsqlite3-0 libssl3 libstdc++6 zlib1g \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --home-dir /var/lib/epsilond --create-home epsilond
COPY --from=build /out/epsilond /usr/local/bin/epsilond
USER epsilond
VOLUME /var/lib/epsilond
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
  CMD curl --fail --silent --max-time 2 http://127.0.0.1:8080/readyz || exit 1
# Off loopback a bearer token is asked for: `docker exec … epsilond token create --data-dir /var/lib/epsilond --role owner`.
ENTRYPOINT ["epsilond"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8080", "--data-dir", "/var/lib/epsilond"]
