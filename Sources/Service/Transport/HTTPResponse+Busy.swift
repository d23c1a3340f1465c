import API
import HTTPServer

extension HTTPResponse {
  /// 503 with `Retry-After`: nothing is wrong with the request and nothing was done.
  static func busy(_ detail: String, retryAfterSeconds: Int = 1) -> HTTPResponse {
    let problem: JSONValue = [
      "type": "urn:epsilond:problem:rate_limited", "title": "The service is busy", "status": 503,
      "detail": .string(detail), "code": "rate_limited",
    ]
    var response = HTTPResponse(status: 503, contentType: "application/problem+json", bytes: problem.bytes)
    response.headers["Retry-After"] = String(retryAfterSeconds)
    return response
  }
}
