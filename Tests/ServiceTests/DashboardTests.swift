import HTTPServer
import Service
import Testing

/// The page as files: what is served, as what, and that nothing in it reaches outside.
@Suite struct DashboardTests {
  private let pages: Pages

  init() throws {
    pages = try Pages(chartLibraryPath: "/nonexistent/chart.js")
  }

  private func get(_ path: String, _ headers: HTTPHeaders = [:]) -> HTTPResponse? {
    pages.answer(HTTPRequest(method: "GET", target: path, headers: headers))
  }

  private func text(_ response: HTTPResponse?) -> String {
    guard case .bytes(let bytes)? = response?.body else { return "" }
    return String(decoding: bytes, as: UTF8.self)
  }

  @Test(
    arguments: [
      ("/", "text/html; charset=utf-8"), ("/dashboard/app.js", "text/javascript; charset=utf-8"),
      ("/dashboard/chart.js", "text/javascript; charset=utf-8"), ("/dashboard/style.css", "text/css; charset=utf-8"),
      ("/dashboard/icon.svg", "image/svg+xml"),
    ])
  func filesHaveTheirTypes(path: String, contentType: String) {
    let response = get(path)
    #expect(response?.status == 200)
    #expect(response?.headers["Content-Type"] == contentType)
    #expect(!text(response).isEmpty)
  }

  @Test func thePageIsBoundToItsOwnOriginByPolicy() throws {
    let policy = try #require(get("/")?.headers["Content-Security-Policy"])
    #expect(policy.hasPrefix("default-src 'none'; script-src 'self'; style-src 'self';"))
    for weakness in ["unsafe", "http:", "https:", "*", "data:"] { #expect(!policy.contains(weakness)) }
  }

  // The policy forbids inline scripts and styles; a page that has one would silently lose it.
  @Test func thePageHasNothingInline() {
    let page = text(get("/"))
    #expect(!page.contains("<style") && !page.contains(" style=") && !page.contains(" onclick="))
    for tag in page.split(separator: "<").filter({ $0.hasPrefix("script") }) {
      #expect(tag.contains("src=\"/dashboard/"))
    }
  }

  // `curl` lines name the page's own origin; the namespaces of SVG are names, not addresses.
  @Test func noFileNamesAnotherOrigin() {
    for path in pages.paths where path == "/" || path.hasPrefix(Pages.assetPrefix) {
      let content = text(get(path)).replacing("http://www.w3.org/2000/svg", with: "")
      for mark in ["http://", "https://", "@import", "src=\"//", "url("] {
        #expect(!content.contains(mark), "\(path) has \(mark)")
      }
    }
  }

  // A value from the API must never be parsed as markup or code.
  @Test func noScriptTurnsTextIntoMarkupOrCode() {
    for path in pages.paths where path.hasSuffix(".js") {
      for sink in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "srcdoc"]
      {
        #expect(!text(get(path)).contains(sink), "\(path) has \(sink)")
      }
    }
  }

  @Test func everyModuleThatIsImportedIsServed() {
    for path in pages.paths where path.hasSuffix(".js") {
      for line in text(get(path)).split(separator: "\n") where line.hasPrefix("import ") {
        let name = line.split(separator: "\"").last { $0.hasPrefix("./") }?.dropFirst(2) ?? ""
        #expect(get(Pages.assetPrefix + name)?.status == 200, "\(path): \(line)")
      }
    }
  }

  @Test func withoutChartJSTheScriptIsThereAndSaysSo() {
    #expect(text(get("/dashboard/chart.js")).contains("libjs-chart.js"))
  }

  @Test func aFileIsAskedForAgainByItsTag() throws {
    let tag = try #require(get("/dashboard/app.js")?.headers["ETag"])
    let again = get("/dashboard/app.js", ["If-None-Match": "\"other\", \(tag)"])
    #expect(again?.status == 304)
    #expect(text(again).isEmpty)
    // The comparison is weak: a client or proxy that dropped the W/ has the same file.
    #expect(get("/dashboard/app.js", ["If-None-Match": tag.replacing("W/", with: "")])?.status == 304)
    #expect(get("/dashboard/app.js", ["If-None-Match": "\"other\""])?.status == 200)
  }

  @Test(arguments: ["/dashboard/", "/dashboard/nothing.js", "/dashboard/../openapi.yaml", "/dashboard", "/index.html"])
  func nothingElseIsAPage(path: String) {
    #expect(get(path) == nil)
  }

  @Test func pagesAreOnlyRead() {
    let response = pages.answer(HTTPRequest(method: "POST", target: "/"))
    #expect(response?.status == 405)
    #expect(response?.headers["Allow"] == "GET, HEAD, OPTIONS")
  }
}
