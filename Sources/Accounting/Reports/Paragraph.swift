/// Fills paragraphs as Python's `textwrap.fill` does: greedily, breaking at spaces and after the hyphen of a hyphenated word
/// (one with two letters before the hyphen and a letter after it).
package enum Paragraph {
  package static func fill(_ text: String, width: Int = 80) -> String {
    var lines: [String] = []
    var line = ""
    for word in text.split(separator: " ") {
      for (index, piece) in pieces(of: Array(word)).enumerated() {
        let gap = index == 0 && !line.isEmpty ? " " : ""
        if line.count + gap.count + piece.count > width, !line.isEmpty {
          lines.append(line)
          line = piece
        } else {
          line += gap + piece
        }
      }
    }
    if !line.isEmpty { lines.append(line) }
    return lines.joined(separator: "\n")
  }

  /// A word cut after each hyphen that allows a break.
  private static func pieces(of word: [Character]) -> [String] {
    var pieces: [String] = []
    var start = 0
    for index in word.indices where word[index] == "-" && allowsBreak(after: index, in: word) {
      pieces.append(String(word[start...index]))
      start = index + 1
    }
    pieces.append(String(word[start...]))
    return pieces
  }

  private static func allowsBreak(after hyphen: Int, in word: [Character]) -> Bool {
    func isLetter(_ index: Int) -> Bool { word.indices.contains(index) && (word[index].isLetter || word[index] == "_") }
    let before = isLetter(hyphen - 1) && isLetter(hyphen - 2)
    let after = isLetter(hyphen + 1) && isLetter(hyphen + 2)
    return before && after
  }
}
