# syntax=docker/dockerfile:1

# One static binary in an image that holds nothing else: no shell, no package
# manager, no root. Certificate authorities and time zones come with the base.

FROM --platform=$BUILDPLATFORM golang:1.26 AS build
ARG TARGETOS TARGETARCH TARGETVARIANT
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH GOARM=${TARGETVARIANT#v} \
    go build -trimpath -buildvcs=false -ldflags='-s -w' -o /out/ucare ./cmd/ucare \
    && mkdir -p /out/data /out/center

FROM gcr.io/distroless/static-debian12:nonroot
LABEL org.opencontainers.image.title="u-Care" \
      org.opencontainers.image.description="Watches over an older person who lives alone, and gets help" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /out/ucare /usr/local/bin/ucare
# Volumes take over the owner of these directories, so the daemon can write.
COPY --from=build --chown=65532:65532 /out/data /var/lib/ucare
COPY --from=build --chown=65532:65532 /out/center /var/lib/ucare-center
USER 65532:65532
VOLUME ["/var/lib/ucare", "/var/lib/ucare-center"]
# MQTT, MQTT over TLS; the caregiver's page; the centre. Health and metrics
# (9464) stay inside.
EXPOSE 1883 8883 8480 8460
HEALTHCHECK --interval=30s --timeout=5s --start-period=15s --retries=3 \
    CMD ["/usr/local/bin/ucare", "health"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/local/bin/ucare"]
CMD ["gateway", "--config", "/etc/ucare/ucare.yaml"]
