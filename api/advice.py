"""GET of advice on a unit's framework (R1.1): answered from the facts in the query, whatever the log says."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import JSONResponse, Response

from api.access import require_reader
from api.auth import Asking, Serving, shows
from api.openapi import PROBLEMS
from api.shapes import AdviceAnswer
from api.texts import Texts, texts_for
from domain.cycle.advice import BALANCED, Degree, Practice, Stage, UnitFacts, advise

router = APIRouter(prefix="/v1/organizations/{organization}", tags=["cycle"], responses={"default": PROBLEMS})


@router.get(
    "/advice",
    operation_id="get_advice",
    summary="Advice",
    response_model=AdviceAnswer,
    openapi_extra=shows("see.advice"),
)
async def advice(
    request: Request,
    services: Serving,
    caller: Asking,
    stage: Annotated[Stage, Query(description="Where the unit stands.")],
    predictability: Annotated[Degree, Query(description="Of the unit's work.")],
    regulation: Annotated[Degree, Query(description="How far results are required from outside.")],
    innovation: Annotated[Degree, Query(description="How much must be found anew.")],
    maturity: Annotated[Practice, Query(description="How the unit is used to goals.")],
) -> Response:
    """Which framework suits a unit of this kind, with reasons that each cite their rule. A person decides."""
    await require_reader(services, caller)
    facts = UnitFacts(
        stage=stage, predictability=predictability, regulation=regulation, innovation=innovation, maturity=maturity
    )
    texts = texts_for(request.headers.get("accept-language", ""))
    headers = {"Content-Language": texts.tag, "Vary": "Accept-Language", "Cache-Control": "private, no-store"}
    return JSONResponse(advice_answer(facts, texts).model_dump(mode="json"), headers=headers)


def advice_answer(facts: UnitFacts, texts: Texts) -> AdviceAnswer:
    """The advice on these facts, its sentences in a language."""
    advice = advise(facts)
    said = {
        name: [{**reason.model_dump(), "sentence": texts(reason.sentence)} for reason in getattr(advice, name)]
        for name in ("reasons", "cautions")
    }
    return AdviceAnswer.model_validate(
        {
            "facts": facts,
            "framework": advice.framework,
            "kpi_share": advice.kpi_share,
            "okr_share": 100 - advice.kpi_share,
            "balanced": BALANCED,
            "preset": advice.preset,
            **said,
        }
    )
