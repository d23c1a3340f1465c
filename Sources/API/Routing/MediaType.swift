/// What a body may be typed as.
///
/// A page of another origin can make a browser send a form, or text, to a service on loopback without asking it first;
/// `application/json` it cannot send so. Whatever changes state therefore insists on that type. A calculator changes
/// nothing, and takes what `curl -d` sends when nobody thinks of a type.
enum MediaType {
  static func check(_ request: APIRequest, for kind: Route.Kind) throws {
    let type = essence(of: request.headers["content-type"] ?? "")
    let isJSON = type == "application/json"
    switch kind {
    case .change:
      // An action without a body (cancel, release) may leave the type out as well, but never state another one.
      guard isJSON || (request.body.isEmpty && type.isEmpty) else { throw problem(type) }
    case .calculator:
      guard isJSON || type.isEmpty || type == "application/x-www-form-urlencoded" else { throw problem(type) }
    case .resource, .stream, .page: break
    }
    if let encoding = request.headers["content-encoding"], encoding.lowercased() != "identity" {
      throw Problem(
        .unsupportedMediaType, "Content-Encoding \(encoding.prefix(80)) is not supported; send the body as it is.")
    }
  }

  private static func problem(_ type: String) -> Problem {
    Problem(
      .unsupportedMediaType,
      type.isEmpty
        ? "Content-Type is missing; send application/json."
        : "Content-Type is \(type.prefix(80)); send application/json.")
  }

  /// The type without its parameters, in lower case.
  private static func essence(of value: String) -> String {
    let type = value.prefix { $0 != ";" }.lowercased()
    return String(type.drop { $0 == " " || $0 == "\t" }.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
  }
}
