import HTTPServer

/// Without authentication the service trusts whoever can connect to loopback, and a browser on this machine can: a page of
/// another origin may point a name of its own at 127.0.0.1 (DNS rebinding) and read every answer as same-origin. Such a
/// request names its own host, so only this machine's own names are accepted.
package enum HostCheck {
  package static func isLoopback(_ request: HTTPRequest) -> Bool {
    guard let host = request.headers["Host"] else { return false }
    return isLoopback(host: withoutPort(host))
  }

  package static func isLoopback(host: some StringProtocol) -> Bool {
    if host.lowercased() == "localhost" || host == "[::1]" || host == "::1" { return true }
    let parts = host.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
  }

  private static func withoutPort(_ host: String) -> Substring {
    if host.hasPrefix("[") { return host.prefix(through: host.firstIndex(of: "]") ?? host.startIndex) }
    return host.prefix { $0 != ":" }
  }
}
