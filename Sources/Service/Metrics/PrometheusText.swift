/// Writes the text format 0.0.4 of Prometheus: a `# HELP` and a `# TYPE` line for each family, then its samples.
package struct PrometheusText {
  package private(set) var text = ""

  package enum Kind: String {
    case counter, gauge, histogram
  }

  package init() {}

  package typealias Label = (name: String, value: String)

  package mutating func family(_ name: String, _ kind: Kind, _ help: String) {
    text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n"
  }

  package mutating func sample(_ name: String, _ labels: [Label] = [], _ value: Double) {
    text += name + Self.text(labels) + " " + Self.text(value) + "\n"
  }

  package mutating func histogram(_ name: String, _ labels: [Label], _ histogram: Histogram) {
    var cumulative: UInt64 = 0
    for (bound, count) in zip(Histogram.bounds.map(Self.text) + ["+Inf"], histogram.counts) {
      cumulative += count
      sample(name + "_bucket", labels + [("le", bound)], Double(cumulative))
    }
    sample(name + "_sum", labels, histogram.sum)
    sample(name + "_count", labels, Double(cumulative))
  }

  private static func text(_ labels: [Label]) -> String {
    guard !labels.isEmpty else { return "" }
    return "{" + labels.map { "\($0.name)=\"\(escaped($0.value))\"" }.joined(separator: ",") + "}"
  }

  /// A backslash, a quotation mark and a line feed must be escaped in a label's value; nothing else may be.
  private static func escaped(_ value: String) -> String {
    var escaped = ""
    for character in value.unicodeScalars {
      switch character {
      case "\\": escaped += "\\\\"
      case "\"": escaped += "\\\""
      case "\n": escaped += "\\n"
      default: escaped.unicodeScalars.append(character)
      }
    }
    return escaped
  }

  private static func text(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
    if value == value.rounded(), abs(value) < 1e15 { return String(Int64(value)) }
    return value.description
  }
}
