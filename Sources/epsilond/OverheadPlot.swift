import Foundation

/// The time breakdown of several networks as bars that lie: a panel a network, a bar a method, a colour a part of the step.
struct OverheadPlot {
  private let tables: [OverheadTable]

  init(_ tables: [OverheadTable]) { self.tables = tables }

  private static let colours = ["#4c78a8", "#72b7b2", "#e45756", "#f58518", "#b279a2", "#9d755d"]
  private static let width = 860.0, labelWidth = 140.0, barHeight = 16.0, rowHeight = 22.0, heading = 34.0

  var text: String {
    var drawing = SVGDrawing()
    var top = legend(&drawing)
    for table in tables {
      panel(table, top, &drawing)
      top += Self.heading + Double(table.rows.count) * Self.rowHeight + 12
    }
    return drawing.text(width: Self.width, height: top)
  }

  private func legend(_ drawing: inout SVGDrawing) -> Double {
    var left = Self.labelWidth
    for (part, colour) in zip(OverheadTable.parts, Self.colours) {
      drawing.rectangle(x: left, y: 12, width: 12, height: 12, fill: colour)
      drawing.text(part, x: left + 17, y: 22)
      left += 110
    }
    return 36
  }

  private func panel(_ table: OverheadTable, _ top: Double, _ drawing: inout SVGDrawing) {
    drawing.text("\(table.network), batch \(table.batch): milliseconds a step", x: 8, y: top + 18, isBold: true)
    let longest = table.rows.map { parts(of: $0).reduce(0, +) }.max() ?? 0
    let scale = longest > 0 ? (Self.width - Self.labelWidth - 110) / longest : 0
    for (index, row) in table.rows.enumerated() {
      let y = top + Self.heading + Double(index) * Self.rowHeight
      drawing.text(row.method, x: 8, y: y + 12)
      var left = Self.labelWidth
      for (length, colour) in zip(parts(of: row), Self.colours) {
        drawing.rectangle(x: left, y: y, width: length * scale, height: Self.barHeight, fill: colour)
        left += length * scale
      }
      drawing.text(
        String(format: "%.2f (%.2f×)", row.result.milliseconds, row.ratio), x: left + 6, y: y + 12)
    }
  }

  private func parts(of row: OverheadTable.Row) -> [Double] {
    OverheadTable.parts.map { max(0, row.result.number("parts_ms", $0) ?? 0) }
  }
}

/// Rectangles and lines of text as an SVG document.
struct SVGDrawing {
  private var elements: [String] = []

  mutating func rectangle(x: Double, y: Double, width: Double, height: Double, fill: String) {
    let place = [("x", x), ("y", y), ("width", width), ("height", height)].map { "\($0)=\"\(Self.number($1))\"" }
    elements.append("<rect \(place.joined(separator: " ")) fill=\"\(fill)\"/>")
  }

  mutating func text(_ text: String, x: Double, y: Double, isBold: Bool = false) {
    let weight = isBold ? " font-weight=\"bold\"" : ""
    elements.append("<text x=\"\(Self.number(x))\" y=\"\(Self.number(y))\"\(weight)>\(Self.escaped(text))</text>")
  }

  func text(width: Double, height: Double) -> String {
    let size = "width=\"\(Self.number(width))\" height=\"\(Self.number(height))\""
    let head = "<svg xmlns=\"http://www.w3.org/2000/svg\" \(size) font-family=\"sans-serif\" font-size=\"12\">"
    return ([head, "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>"] + elements + ["</svg>", ""])
      .joined(separator: "\n")
  }

  private static func number(_ value: Double) -> String { String(format: "%.1f", value) }

  private static func escaped(_ text: String) -> String {
    text.replacingOccurrences(of: "&", with: "&amp;").replacingOccurrences(of: "<", with: "&lt;")
  }
}
