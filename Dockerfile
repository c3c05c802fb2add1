FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -tags nodynamic -trimpath -ldflags="-s -w" -o /out/dsr ./cmd/dsr

FROM debian:bookworm-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates tzdata tesseract-ocr tesseract-ocr-eng \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --create-home --home-dir /var/lib/dsr dsr \
 && install -d -o dsr -g dsr /var/cache/dsr
COPY --from=build /out/dsr /usr/local/bin/dsr
USER dsr
ENV DSR_HTTP_ADDR=0.0.0.0:8080 \
    DSR_BASE_URL=http://127.0.0.1:8080 \
    DSR_DATA_DIR=/var/lib/dsr \
    DSR_CACHE_DIR=/var/cache/dsr
RUN dsr document-warm
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=15s --start-period=60s CMD ["dsr", "healthcheck"]
ENTRYPOINT ["dsr"]
CMD ["serve"]
