import API
import Foundation
import Testing

/// The examples of the calculators in openapi.yaml are true: each request, sent, gives the answer beside it. Both are
/// written as JSON on a line of their own, which YAML reads as well.
@Suite struct ContractExampleTests {
  struct Example: CustomTestStringConvertible, Sendable {
    let path: String
    let request: String
    let answer: String
    var testDescription: String { path }
  }

  static func examples() -> [Example] {
    do {
      let top = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
      let text = try String(contentsOf: top.appendingPathComponent("openapi.yaml"), encoding: .utf8)
      var examples: [Example] = []
      var (path, request) = ("", "")
      for line in text.split(separator: "\n") {
        let name = line.drop { $0 == " " }
        if name.hasPrefix("/v1/"), line.count - name.count == 2 { path = String(name.dropLast()) }
        guard name.hasPrefix("example: {\"") else { continue }
        let json = String(name.dropFirst("example: ".count))
        if line.count - name.count == 12 {
          request = json
        } else {
          examples.append(Example(path: path, request: request, answer: json))
        }
      }
      return examples
    } catch {
      Issue.record(error)
      return []
    }
  }

  @Test func everyCalculatorHasOne() {
    let calculators = Route.all.filter { $0.kind == .calculator }.map(\.path)
    #expect(Self.examples().map(\.path) == calculators)
  }

  @Test(arguments: examples()) func isTrue(example: Example) throws {
    let answer = try TestAPI().post(example.path, example.request)
    #expect(answer.status == 200)
    let stated = try JSONScanner.scan(Array(example.answer.utf8)).value
    #expect(Self.agree(answer.json, stated), "\(answer.text)")
  }

  /// Equal, numbers to nine digits: mathematical functions differ in the last ones from processor to processor.
  private static func agree(_ a: JSONValue, _ b: JSONValue) -> Bool {
    switch (a, b) {
    case (.array(let a), .array(let b)): return a.count == b.count && zip(a, b).allSatisfy(agree)
    case (.object(let a), .object(let b)):
      return a.count == b.count && zip(a, b).allSatisfy { $0.name == $1.name && agree($0.value, $1.value) }
    default:
      guard let a = a.double, let b = b.double else { return a == b }
      return abs(a - b) <= 1e-9 * abs(b)
    }
  }
}
