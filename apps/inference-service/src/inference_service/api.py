"""The routes, and their description."""

from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from inference_service import logs, metrics
from inference_service.edge import Edge, as_problem
from inference_service.feedback import Novelty, UnknownPredictionError
from inference_service.predictions import PredictionAnswer, PredictionRequest, Predictions
from inference_service.problem import CONTENT_TYPE, Problem
from inference_service.service import Served, Service

_PREDICTIONS = "/v1/predictions"


class Feedback(BaseModel):
    """The true label of an earlier prediction."""

    model_config = ConfigDict(extra="forbid", strict=True)

    id: Annotated[str, Field(description="as the prediction was answered with")]
    label: Annotated[str, Field(description="one of the model's classes")]


class ServedModel(BaseModel):
    """A model that is served, and its card."""

    name: str
    version: str
    sha256: str
    signature: dict[str, Any]
    card: dict[str, Any]
    recipe: dict[str, Any]


class ServedModels(BaseModel):
    """What is served, and how requests are shared out."""

    champion: ServedModel
    challenger: ServedModel | None
    experiment: dict[str, Any]


class _HotRoute:
    """Sends prediction requests past FastAPI, and everything else to it."""

    def __init__(self, predictions: ASGIApp, others: ASGIApp) -> None:
        self._predictions = predictions
        self._others = others

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] != _PREDICTIONS:
            await self._others(scope, receive, send)
        elif scope["method"] != "POST":
            problem = Problem(HTTPStatus.METHOD_NOT_ALLOWED, None, "Method Not Allowed")
            problem.headers = {"allow": "POST"}
            raise problem
        else:
            await self._predictions(scope, receive, send)


def create(service: Service | None, failure: str = "") -> ASGIApp:
    """Make the application. Without a service, because of a failure, it lives and is not ready."""
    app = FastAPI(title="inference-service", version="1", docs_url=None, redoc_url=None, exception_handlers=_HANDLERS)
    if service is None:
        _add_unready(app, failure)
        return Edge(app)
    _add_health(app)
    _add_model(app, service)
    _add_feedback(app, service)
    _describe_predictions(app)
    return Edge(_HotRoute(Predictions(service), app))


async def _answer(request: Request, error: Exception) -> Response:
    problem = _refusal(error) if isinstance(error, RequestValidationError) else as_problem(error)
    body = problem.body(request.url.path, logs.request_id.get() or "")
    return Response(body, problem.status, problem.headers, CONTENT_TYPE)


def _refusal(error: RequestValidationError) -> Problem:
    """Say what is wrong with a body, and repeat nothing of it."""
    first = error.errors()[0]
    if first["type"] == "json_invalid":
        return Problem(HTTPStatus.BAD_REQUEST, "malformed-json", "The body is not well-formed JSON.")
    pointer = "".join(f"/{step}" for step in first["loc"][1:] if first["type"] != "extra_forbidden")
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "wrong-shape", f"{first['msg']}.", pointer)


_HANDLERS: dict[Any, Any] = dict.fromkeys((HTTPException, Problem, RequestValidationError, Exception), _answer)


def _add_unready(app: FastAPI, failure: str) -> None:
    @app.get("/health/live")
    async def live() -> dict[str, str]:
        return {"status": "UP"}

    @app.api_route("/{path:path}", methods=["GET", "POST"], include_in_schema=False)
    async def unready(path: str) -> None:
        raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "no-verified-model", f"There is no verified model: {failure}")


def _add_health(app: FastAPI) -> None:
    @app.get("/health/live")
    @app.get("/health/ready")
    async def up() -> dict[str, str]:
        return {"status": "UP"}


def _add_model(app: FastAPI, service: Service) -> None:
    @app.get("/v1/model")
    async def model() -> ServedModels:
        """What is served."""
        challenger = service.challenger
        return ServedModels(
            champion=_described(service.champion),
            challenger=None if challenger is None else _described(challenger),
            experiment={"mode": service.experiment.mode, "share": service.experiment.share},
        )

    @app.get("/metrics")
    async def scrape() -> Response:
        """Counts for Prometheus."""
        return Response(metrics.render(service), media_type=metrics.CONTENT_TYPE)


def _described(served: Served) -> ServedModel:
    contract = msgspec.to_builtins(served.model.contract)
    return ServedModel(**msgspec.json.decode(served.identity), **contract)


def _add_feedback(app: FastAPI, service: Service) -> None:
    @app.post("/v1/feedback", status_code=HTTPStatus.NO_CONTENT)
    async def feedback(feedback: Feedback) -> None:
        """Count whether an earlier prediction was right. Telling it twice counts once."""
        try:
            prediction = service.ids.open(feedback.id)
        except UnknownPredictionError:
            detail = "No prediction has this id, or it was made before this service's key."
            raise Problem(HTTPStatus.NOT_FOUND, "unknown-prediction", detail, "/id") from None
        served = _of(service, prediction.variant, prediction.model)
        if feedback.label not in served.model.classes:
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "unknown-label", "The model has no such class.", "/label")
        label = served.model.classes.index(feedback.label)
        match service.memory.remember(feedback.id, label):
            case Novelty.CONTRADICTING:
                detail = "Another label was told for this prediction before, and has been counted."
                raise Problem(HTTPStatus.CONFLICT, "contradicting-feedback", detail, "/label")
            case Novelty.NEW:
                service.tell(served, prediction.unit, right=label == prediction.label)


def _of(service: Service, variant: str, short_digest: bytes) -> Served:
    for served in service.variants:
        if (served.variant, served.short_digest) == (variant, short_digest):
            return served
    raise Problem(HTTPStatus.GONE, "model-retired", "The model that predicted it is not served any more.", "/id")


def _describe_predictions(app: FastAPI) -> None:
    """Add the hot route to the OpenAPI document, from the types that check it."""
    request, answer = PredictionRequest.__name__, PredictionAnswer.__name__
    references, schemas = msgspec.json.schema_components(
        (PredictionRequest, PredictionAnswer), ref_template="#/components/schemas/{name}"
    )
    document = app.openapi()
    document["components"]["schemas"] |= schemas
    document["paths"][_PREDICTIONS] = {
        "post": {
            "summary": "Predict the classes of rows",
            "parameters": [
                {"name": name, "in": "header", "required": False, "schema": {"type": "string"}}
                for name in ("X-Experiment-Key", "X-Request-Id", "traceparent")
            ],
            "requestBody": {"required": True, "content": {"application/json": {"schema": references[0]}}},
            "responses": {
                "200": {"description": answer, "content": {"application/json": {"schema": references[1]}}},
                "4XX": {"description": f"Not a {request}", "content": {CONTENT_TYPE: {}}},
            },
        }
    }
