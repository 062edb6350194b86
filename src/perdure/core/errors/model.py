"""Model: the backend, which writes the replies."""

from __future__ import annotations

from typing import ClassVar

from perdure.core.errors.base import Fault, Mender, PerdureError


class ModelError(PerdureError):
    code = "model_error"
    fault = Fault.MODEL
    status = 502
    title = "The model failed"
    verdict = "It is the model's server, and neither you nor your connection."
    remedy = "Try again in a moment. What has been written so far is kept."
    retry = True
    causes: ClassVar[tuple[str, ...]] = ("The model's server failed in a way that it did not explain.",)
    mender = Mender.PROVIDER
    avoid = "Do not write the message anew: it is kept, and so is what was said so far."
    kept = "The message is on the server's disk, and so is what the character has said so far."


class ModelUnreachable(ModelError):
    code = "model_unreachable"
    status = 503
    title = "The model's server does not answer"
    remedy = "Wait until it is back; the reply goes on by itself. Whoever runs this server should look at the backend."
    away = True
    causes = (
        "The model's server is not running, or is being restarted.",
        "The address or the port in the settings is wrong.",
        "A firewall or the network is in between.",
    )
    mender = Mender.PROVIDER
    avoid = "Do not reload or send again: the reply goes on by itself."


class ModelCut(ModelError):
    code = "model_cut"
    title = "The model's stream broke off"
    causes = (
        "The model's server crashed or was restarted in mid-reply.",
        "A proxy in between closes long connections.",
    )
    mender = Mender.NOBODY
    avoid = "Do not send again: what was said is kept, and the rest follows."


class ModelStalled(ModelError):
    code = "model_stalled"
    status = 504
    title = "The model fell silent"
    causes = (
        "The model's server is overloaded or hangs.",
        "The machine swaps: the model is larger than its memory.",
    )
    mender = Mender.NOBODY
    avoid = "Do not send again: another attempt is under way."


class ModelOverloaded(ModelError):
    code = "model_overloaded"
    status = 503
    title = "The model is overloaded"
    remedy = "Wait; the reply is tried again by itself."
    causes = (
        "More people ask than the model's server can answer.",
        "The limit of an account at a hosted service is reached.",
    )
    mender = Mender.NOBODY
    avoid = "Do not send again: every further request makes the queue longer."


class ModelBroken(ModelError):
    code = "model_server_error"
    title = "The model's server reported an error"
    causes = (
        "A fault in the model's server, or in a proxy before it.",
        "Settings that this server does not bear.",
    )
    mender = Mender.PROVIDER


class ModelOutOfMemory(ModelError):
    code = "model_out_of_memory"
    title = "The model's server has run out of memory"
    remedy = "Use a smaller model or a smaller context, or wait until others are done."
    causes = (
        "The model and its context are larger than the memory of its machine or graphics card.",
        "Too many replies are written at once.",
    )
    mender = Mender.OPERATOR


class ModelRubbish(ModelError):
    code = "model_rubbish"
    title = "The model's server sent something that is no reply"
    remedy = (
        "Check that the address is that of an OpenAI-compatible server: Ollama's ends with :11434/v1, LM Studio's with "
        ":1234/v1."
    )
    causes = (
        "The address is that of a web page, a proxy or another kind of server.",
        "The model's server is of a version that speaks another dialect.",
    )
    mender = Mender.OPERATOR


class ModelRefused(ModelError):
    code = "model_refused"
    title = "The model's server refused the request"
    remedy = "Check the backend's settings (model name, context size, sampler values) and try again."
    retry = False
    causes: ClassVar[tuple[str, ...]] = (
        "A setting that the model's server does not take.",
        "The service's own rules refuse the content.",
        "The account at a hosted service has no credit left.",
    )
    mender = Mender.OPERATOR
    avoid = "Do not ask for the same again unchanged."


class ContextTooLong(ModelRefused):
    code = "context_too_long"
    title = "The conversation does not fit into the model's context"
    remedy = "Shorten the character's description or the message, or run the model with a larger context."
    causes = (
        "A long character description together with a long message.",
        "The model was started with a small context.",
    )
    mender = Mender.USER


class UnknownModel(ModelRefused):
    code = "model_unknown"
    title = "The model's server does not know that model"
    remedy = "Choose a model that the backend lists, in the settings or as `model`."
    causes = (
        "The name is spelt otherwise on the model's server.",
        "The model has not been loaded or downloaded there.",
    )
    mender = Mender.OPERATOR


class ModelKeyRejected(ModelRefused):
    code = "model_key_rejected"
    title = "The model's server rejected the API key"
    remedy = "Enter a valid API key for this backend, in the settings or as `backend_api_key`."
    causes = (
        "The key is wrong, has expired or was revoked.",
        "The key belongs to another service or project.",
    )
    mender = Mender.OPERATOR
    avoid = "Do not try many keys: some services lock an account for that."


class ModelMissing(ModelError):
    code = "model_missing"
    status = 503
    title = "No model is connected yet"
    remedy = "Let the starter model finish downloading, or start Perdure with --gguf PATH or --backend-url URL."
    causes = (
        "The starter model is still being fetched.",
        "No network at the first start, or a full disk.",
        "The file of the model is damaged.",
    )
    mender = Mender.OPERATOR
    avoid = "Do not restart again and again: the download goes on where it was."
