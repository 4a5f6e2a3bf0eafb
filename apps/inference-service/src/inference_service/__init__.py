"""Serves predictions of an ONNX model, and loads only what was blessed."""
