import CAssets
import Foundation

/// A file that the service serves from memory: the dashboard's, and the contract.
package struct Asset: Sendable {
  package let name: String
  package let contentType: String
  package let bytes: [UInt8]

  /// Everything that was built into the binary, by name.
  package static let builtIn: [String: Asset] = {
    var assets: [String: Asset] = [:]
    var index = 0
    while let entry = epsilond_asset_at(index) {
      let name = String(cString: entry.pointee.name)
      let bytes = Array(UnsafeBufferPointer(start: entry.pointee.bytes, count: entry.pointee.length))
      assets[name] = Asset(name: name, contentType: contentType(of: name), bytes: bytes)
      index += 1
    }
    return assets
  }()

  /// The charting library where this machine has it (Debian's libjs-chart.js), otherwise a script that does nothing: the
  /// page then draws plain lines by itself.
  package static func chartLibrary(at path: String) -> Asset {
    let absent = Array("// Chart.js is not installed on this machine (Debian: libjs-chart.js).\n".utf8)
    return Asset(
      name: "chart.js", contentType: contentType(of: "chart.js"),
      bytes: FileManager.default.contents(atPath: path).map { Array($0) } ?? absent)
  }

  private static func contentType(of name: String) -> String {
    switch name.split(separator: ".").last {
    case "html": "text/html; charset=utf-8"
    case "js": "text/javascript; charset=utf-8"
    case "css": "text/css; charset=utf-8"
    case "svg": "image/svg+xml"
    case "yaml": "application/yaml; charset=utf-8"
    case "json": "application/json"
    default: "application/octet-stream"
    }
  }
}
