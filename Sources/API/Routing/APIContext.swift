/// What operations need from the world around them.
public struct APIContext: Sendable {
  public var version: String

  public init(version: String) {
    self.version = version
  }
}
