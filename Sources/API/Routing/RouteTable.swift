/// Finds the route of a path: a tree of path segments, built once.
public struct RouteTable: Sendable {
  private var root = Node()

  private struct Node: Sendable {
    var children: [String: Node] = [:]
    var parameter: Parameter?
    var routes: [String: Route] = [:]
  }

  private indirect enum Parameter: Sendable {
    case named(String, Node)
  }

  public enum Match: Sendable, Equatable {
    /// With the decoded path parameters by name.
    case route(Route, parameters: [String: String])
    /// The path exists; these methods are allowed on it (`HEAD` and `OPTIONS` among them).
    case methodNotAllowed(allowed: [String])
    case notFound
  }

  /// The table of `Route.all`.
  public static let standard = RouteTable(Route.all)

  public init(_ routes: [Route]) {
    for route in routes {
      Self.insert(route, segments: Self.segments(of: route.path)[...], into: &root)
    }
  }

  private static func insert(_ route: Route, segments: ArraySlice<Substring>, into node: inout Node) {
    guard let segment = segments.first else {
      node.routes[route.method] = route
      return
    }
    if segment.hasPrefix("{") {
      let name = String(segment.dropFirst().dropLast())
      var child = Node()
      if case .named(_, let existing) = node.parameter { child = existing }
      insert(route, segments: segments.dropFirst(), into: &child)
      node.parameter = .named(name, child)
    } else {
      insert(route, segments: segments.dropFirst(), into: &node.children[String(segment), default: Node()])
    }
  }

  /// - Parameters:
  ///   - method: upper case; `HEAD` finds the route of `GET`.
  ///   - path: percent-encoded, without the query, with or without `/v1`.
  public func match(method: String, path: String) -> Match {
    guard path.hasPrefix("/") else { return .notFound }
    let segments = Self.segments(of: path)
    var parameters: [String: String] = [:]
    let node =
      find(segments[...], from: root, parameters: &parameters)
      ?? root.children["v1"].flatMap { find(segments[...], from: $0, parameters: &parameters) }
    guard let node, !node.routes.isEmpty else { return .notFound }
    if let route = node.routes[method == "HEAD" ? "GET" : method] { return .route(route, parameters: parameters) }
    var allowed = Set(node.routes.keys).union(["OPTIONS"])
    if allowed.contains("GET") { allowed.insert("HEAD") }
    return .methodNotAllowed(allowed: allowed.sorted())
  }

  private func find(
    _ segments: ArraySlice<Substring>, from start: Node, parameters: inout [String: String]
  ) -> Node? {
    var node = start
    for segment in segments {
      if let child = node.children[String(segment)] {
        node = child
      } else if case .named(let name, let child) = node.parameter, let value = PercentEncoding.decode(segment),
        !value.isEmpty
      {
        parameters[name] = value
        node = child
      } else {
        return nil
      }
    }
    return node
  }

  /// `/v1/budgets/` is not `/v1/budgets`: an empty last segment is a segment.
  private static func segments(of path: String) -> [Substring] {
    path == "/" ? [] : path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
  }
}
