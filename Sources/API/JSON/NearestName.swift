/// The known name that someone probably meant.
enum NearestName {
  /// Names longer than this are no slip of the finger; comparing them would only cost time.
  private static let longest = 64

  /// - Returns: nil where nothing is near: at most a third of the letters may differ.
  static func of(_ name: String, among known: some Sequence<String>) -> String? {
    guard name.utf8.count <= longest else { return nil }
    let plain = simplified(name)
    var best: (distance: Int, name: String)?
    for candidate in known {
      let letters = simplified(candidate)
      let distance = editDistance(plain, letters)
      guard distance <= max(1, max(plain.count, letters.count) / 3), distance < best?.distance ?? .max else { continue }
      best = (distance, candidate)
    }
    return best?.name
  }

  /// Ends a sentence about `name`: "; did you mean x?", or else a full stop.
  static func ending(for name: String, among known: some Sequence<String>) -> String {
    of(name, among: known).map { "; did you mean \($0)?" } ?? "."
  }

  /// `batchSize`, `batch-size` and `batch_size` are the same but for habit.
  private static func simplified(_ name: String) -> [UInt8] {
    name.lowercased().utf8.filter { $0 != UInt8(ascii: "_") && $0 != UInt8(ascii: "-") && $0 != UInt8(ascii: " ") }
  }

  /// Insertions, deletions, replacements and swaps of neighbours that turn one into the other (optimal string
  /// alignment distance), three rows of the table at a time.
  private static func editDistance(_ a: [UInt8], _ b: [UInt8]) -> Int {
    var twoAbove: [Int] = []
    var above = Array(0...b.count)
    for i in a.indices {
      var row = [i + 1]
      for j in b.indices {
        var distance = min(above[j + 1] + 1, row[j] + 1, above[j] + (a[i] == b[j] ? 0 : 1))
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { distance = min(distance, twoAbove[j - 1] + 1) }
        row.append(distance)
      }
      (twoAbove, above) = (above, row)
    }
    return above[b.count]
  }
}
