import HTTPServer

/// Header fields that every answer carries, whatever it is.
enum SecurityHeaders {
  /// The page may load its own scripts, styles and images and talk to its own origin; nothing inline, nothing from elsewhere,
  /// no framing, no form that leaves.
  static let pagePolicy = """
    default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'none'
    """

  /// An answer that is data must do nothing at all where a browser is made to show it.
  private static let dataPolicy = "default-src 'none'; frame-ancestors 'none'; sandbox"

  static func add(to response: inout HTTPResponse) {
    if !response.headers.contains("Content-Security-Policy") {
      response.headers["Content-Security-Policy"] = dataPolicy
    }
    if !response.headers.contains("Cache-Control") {
      // Budgets change and answers depend on the token: a cache may keep them only to ask again.
      response.headers["Cache-Control"] = "private, no-cache"
    }
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
  }
}
