import API
import HTTPServer

/// The dashboard's files and the contract, answered from memory.
package struct Pages: Sendable {
  /// Where the page's own files lie: `/dashboard/app.js`.
  package static let assetPrefix = "/dashboard/"

  private struct Page: Sendable {
    let asset: Asset
    let entityTag: String
    let isDocument: Bool
  }

  private let pages: [String: Page]

  /// - Parameter chartLibraryPath: where Chart.js may lie on this machine.
  /// - Throws: where the contract in the binary is not YAML.
  package init(chartLibraryPath: String) throws {
    var pages: [String: Page] = [:]
    func add(_ path: String, _ asset: Asset, isDocument: Bool = false) {
      pages[path] = Page(asset: asset, entityTag: Self.entityTag(of: asset.bytes), isDocument: isDocument)
    }
    for (name, asset) in Asset.builtIn where name != "openapi.yaml" && name != "index.html" {
      add(Self.assetPrefix + name, asset)
    }
    add(Self.assetPrefix + "chart.js", .chartLibrary(at: chartLibraryPath))
    if let index = Asset.builtIn["index.html"] { add("/", index, isDocument: true) }
    if let contract = Asset.builtIn["openapi.yaml"] {
      add("/openapi.yaml", contract)
      let json = try Contract.json(fromYAML: String(decoding: contract.bytes, as: UTF8.self))
      add("/openapi.json", Asset(name: "openapi.json", contentType: "application/json", bytes: json.bytes))
    }
    self.pages = pages
  }

  /// The page's paths, for tests.
  package var paths: [String] { pages.keys.sorted() }

  /// nil where there is no such page. Answers 304 where the client has these bytes, and 405 for what is neither GET nor
  /// HEAD.
  package func answer(_ request: HTTPRequest) -> HTTPResponse? {
    guard let page = pages[request.path] else { return nil }
    guard request.method == "GET" || request.method == "HEAD" else {
      let asked = APIRequest(request, caller: "anonymous")
      return HTTPResponse(APIRouter.methodNotAllowed(asked, allowed: ["GET", "HEAD", "OPTIONS"]), for: request)
    }
    var headers: HTTPHeaders = ["ETag": page.entityTag, "Cache-Control": "no-cache"]
    if page.isDocument || page.asset.name.hasSuffix(".svg") {
      headers["Content-Security-Policy"] = SecurityHeaders.pagePolicy
    }
    if request.headers.tokens("If-None-Match").contains(where: { names(String($0), page.entityTag) }) {
      return HTTPResponse(status: 304, headers: headers)
    }
    return HTTPResponse(status: 200, headers: headers, contentType: page.asset.contentType, bytes: page.asset.bytes)
  }

  /// Whether an item of `If-None-Match` names a tag; the comparison is weak (RFC 9110, section 13.1.2).
  private func names(_ item: String, _ tag: String) -> Bool {
    item == "*" || item == tag || "W/" + item == tag
  }

  /// Weak, so that the server may compress the file. FNV-1a in 128 bits tells one build's file from another's; nobody
  /// outside chooses these bytes.
  private static func entityTag(of bytes: [UInt8]) -> String {
    var hash: UInt128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d
    for byte in bytes { hash = (hash ^ UInt128(byte)) &* 0x0000_0000_0100_0000_0000_0000_0000_013B }
    return "W/\"\(String(hash, radix: 36))\""
  }
}
