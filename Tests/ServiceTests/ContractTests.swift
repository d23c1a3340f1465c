import API
import Service
import Testing

/// `openapi.yaml` and the routes are one list.
@Suite struct ContractTests {
  private let contract: JSONValue

  init() throws {
    let file = try #require(Asset.builtIn["openapi.yaml"], "the contract is part of the binary")
    contract = try Contract.json(fromYAML: String(decoding: file.bytes, as: UTF8.self))
  }

  private func operations() -> [String: String] {
    var operations: [String: String] = [:]
    guard case .object(let paths)? = contract["paths"] else { return [:] }
    for path in paths {
      guard case .object(let members) = path.value else { continue }
      for member in members where ["get", "post", "patch", "put", "delete"].contains(member.name) {
        guard case .string(let id)? = member.value["operationId"] else { continue }
        operations["\(member.name.uppercased()) \(path.name)"] = id
      }
    }
    return operations
  }

  @Test func everyOperationIsRoutedAndEveryRouteIsAnOperation() {
    let routes = Dictionary(uniqueKeysWithValues: Route.all.map { ("\($0.method) \($0.path)", $0.operationID) })
    #expect(operations() == routes)
  }

  /// An unquoted comma in a description ends it, and the rest of the sentence becomes members without a value.
  @Test func everyMemberIsMeant() {
    func walk(_ value: JSONValue, _ path: String) {
      switch value {
      case .object(let members):
        for member in members where member.name != "example" {
          #expect(member.value != .null, "\(path)/\(member.name) has no value")
          walk(member.value, "\(path)/\(member.name)")
        }
      case .array(let elements): for element in elements where element != .null { walk(element, path) }
      default: break
      }
    }
    walk(contract, "")
  }

  /// A schema that allows no other members cannot be extended: nothing would satisfy both.
  @Test func noClosedSchemaIsExtended() {
    guard case .object(let schemas)? = contract["components"]?["schemas"] else {
      Issue.record("no schemas")
      return
    }
    for schema in schemas {
      guard case .array(let parts)? = schema.value["allOf"], parts.count > 1 else { continue }
      for part in parts {
        guard case .string(let reference)? = part["$ref"] else { continue }
        #expect(resolve(reference)?["additionalProperties"] != .bool(false), "\(schema.name) extends \(reference)")
      }
    }
  }

  @Test func itIsOpenAPI31() {
    guard case .string(let version)? = contract["openapi"] else {
      Issue.record("openapi is missing")
      return
    }
    #expect(version.hasPrefix("3.1"))
  }

  @Test func everyReferenceLeadsSomewhere() {
    var count = 0
    func walk(_ value: JSONValue) {
      switch value {
      case .object(let members):
        for member in members {
          if member.name == "$ref", case .string(let reference) = member.value {
            count += 1
            #expect(resolve(reference) != nil, "\(reference) leads nowhere")
          }
          walk(member.value)
        }
      case .array(let elements): elements.forEach(walk)
      default: break
      }
    }
    walk(contract)
    #expect(count > 0)
  }

  private func resolve(_ reference: String) -> JSONValue? {
    reference.split(separator: "/").dropFirst().reduce(contract) { value, name in
      value?[String(name).replacing("~1", with: "/").replacing("~0", with: "~")]
    }
  }
}
