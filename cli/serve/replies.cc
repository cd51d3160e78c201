#include "cli/serve/replies.h"

#include <utility>

#include "cli/serve/request_json.h"
#include "core/base/machine_fault.h"
#include "generator/messages.h"

namespace janus::cli {
namespace {

bool begins(std::string_view path, std::string_view with) { return path.substr(0, with.size()) == with; }

const char* openai_type(int status) {
  switch (status) {
    case 401:
      return "authentication_error";
    case 429:
      return "rate_limit_error";
    case 500:
      return "server_error";
    case 501:
      return "not_supported_error";
    case 503:
      return "unavailable_error";
    default:
      return "invalid_request_error";
  }
}

Json openai_error(const ApiError& error) {
  const auto or_null = [](const std::string& text) { return text.empty() ? Json() : Json(text); };
  return {{"error",
           {{"message", error.what()},
            {"type", openai_type(error.status)},
            {"param", or_null(error.param)},
            {"code", or_null(error.code)}}}};
}

// As FastAPI's handler in AUTOMATIC1111's web UI writes it.
Json automatic1111_error(const ApiError& error) {
  return {{"error", error.status >= 500 ? "ServerError" : "HTTPException"},
          {"detail", error.what()},
          {"body", ""},
          {"errors", error.what()}};
}

}  // namespace

HttpReply error_reply(std::string_view path, const ApiError& error) {
  HttpReply reply{.status = error.status};
  if (begins(path, "/api/")) {
    reply.body = to_line(Json{{"error", error.what()}});
  } else if (begins(path, "/sdapi/")) {
    reply.body = to_line(automatic1111_error(error));
  } else {
    reply.body = to_line(openai_error(error));
    // OpenAI's own clients ask again after any status from 500 on, unless they are told.
    if (error.status == 501) reply.headers.emplace_back("X-Should-Retry", "false");
  }
  if (error.retry_after_s) reply.headers.emplace_back("Retry-After", std::to_string(*error.retry_after_s));
  return reply;
}

ApiError api_error_of(const std::exception_ptr& exception, int status) {
  try {
    std::rethrow_exception(exception);
  } catch (const ApiError& error) {
    return error;
  } catch (const MessageFault& error) {
    return ApiError(400, error.what(), /*error_code=*/{}, error.param);
  } catch (const MachineFault& fault) {
    return retry_later(503, /*after_s=*/2, fault.what(), "machine_fault");
  } catch (const Error& error) {
    return ApiError(status, error.what());
  } catch (const std::exception& error) {
    return ApiError(500, error.what());
  }
}

void reply_json(Exchange& exchange, const Json& json) { exchange.reply({.body = to_line(json)}); }

void reply_error(Exchange& exchange, const ApiError& error) {
  exchange.reply(error_reply(exchange.request().path, error));
}

void with_model(Service& service, const std::shared_ptr<Exchange>& exchange, const std::string& name,
                std::function<void(const std::shared_ptr<ServedModel>&)> work) {
  const auto run = [exchange, work = std::move(work)](const std::shared_ptr<ServedModel>& model) {
    try {
      work(model);
    } catch (...) {
      reply_error(*exchange, api_error_of(std::current_exception(), 400));
    }
  };
  service.models.ask(
      name,
      [&service, run](const std::shared_ptr<ServedModel>& model) {
        service.workers.post([run, model] { run(model); });
      },
      [exchange](const ApiError& error) { reply_error(*exchange, error); });
}

void with_body_and_model(
    Service& service, const std::shared_ptr<Exchange>& exchange,
    std::function<void(const nlohmann::json& body, const std::shared_ptr<ServedModel>& model)> work) {
  // Messages and images are read with the model that they are for, so the JSON is kept until it is there.
  const auto body = std::make_shared<const nlohmann::json>(parse_body(exchange->request().body));
  with_model(
      service, exchange, RequestFields(*body).text("model"),
      [body, work = std::move(work)](const std::shared_ptr<ServedModel>& model) { work(*body, model); });
}

}  // namespace janus::cli
