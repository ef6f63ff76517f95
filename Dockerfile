# Facet as a Hugging Face Docker Space, or anywhere:
#   docker build -t facet . && docker run --rm -p 7860:7860 facet
# Everything is in the image: nothing is downloaded when it starts.

FROM python:3.11-slim AS packages
COPY requirements.lock /tmp/requirements.lock
# The C++ headers of TensorFlow are for building extensions; the app needs none.
RUN python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --disable-pip-version-check -r /tmp/requirements.lock \
    && rm -rf /venv/lib/python3.11/site-packages/tensorflow/include

FROM python:3.11-slim
# A Space runs its container as user 1000.
RUN useradd --create-home --uid 1000 user
COPY --from=packages /venv /venv
USER 1000
WORKDIR /home/user/app
# HF_HOME and GRADIO_TEMP_DIR are folders that the user may write to; SYSTEM tells Gradio that it runs in a Space.
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    GRADIO_SERVER_NAME=0.0.0.0 \
    GRADIO_SERVER_PORT=7860 \
    GRADIO_ANALYTICS_ENABLED=False \
    GRADIO_TEMP_DIR=/home/user/gradio \
    HF_HOME=/home/user/huggingface \
    SYSTEM=spaces
RUN mkdir /home/user/gradio /home/user/huggingface
COPY --chown=user LICENSE ./
COPY --chown=user checkpoints/default checkpoints/default
COPY --chown=user assets assets
COPY --chown=user model model
COPY --chown=user app app
RUN python -m compileall -q app model
EXPOSE 7860
CMD ["python", "-m", "app"]
