# The server compiled, on the Node it was tested with. Runs as the unprivileged user `node` on a read-only root;
# everything it writes (keys, SQLite files) is below /var/lib/latchkey. The configuration is mounted.

FROM node:24.21.0-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY scripts/bundle.ts scripts/made-of scripts/
COPY scripts/bundle/ scripts/bundle/
COPY src/ src/
RUN npm run build

FROM node:24.21.0-bookworm-slim AS dependencies
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
# The image has its Node already; the one among the dependencies is for checkouts.
RUN npm ci --omit=dev --ignore-scripts \
  && rm -r node_modules/node-linux-* node_modules/.bin/node

FROM node:24.21.0-bookworm-slim
ENV NODE_ENV=production
WORKDIR /latchkey
COPY --from=dependencies /build/node_modules/ node_modules/
COPY --from=build /build/dist/ dist/
COPY package.json LICENSE ./
COPY bin/ bin/
RUN ln -s /latchkey/bin/latchkey /usr/local/bin/latchkey \
  && install --directory --owner=node --group=node --mode=0700 /var/lib/latchkey
USER node
VOLUME /var/lib/latchkey
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=15s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8000/healthz').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["/latchkey/bin/latchkey"]
CMD ["serve", "--config", "/etc/latchkey/latchkey.yaml"]
