import API
import Testing

/// What the scanner accepts and refuses, a row per text.
@Suite struct StrictJSONTests {
  /// A text and what it reads as, printed again by the writer.
  static let accepted: [(text: String, canonical: String)] = [
    ("null", "null"), ("true", "true"), ("false", "false"), (" \t\r\n null \n", "null"),
    ("0", "0"), ("-0", "0"), ("7", "7"), ("-12", "-12"), ("1.0", "1"), ("1e0", "1"), ("1E+2", "100"), ("10e-1", "1"),
    ("0.1", "0.1"), ("1e-5", "1e-05"), ("0.00001", "1e-05"), ("100e-7", "1e-05"), ("1.5", "1.5"), ("-0.25", "-0.25"),
    ("9223372036854775807", "9223372036854775807"), ("-9223372036854775808", "-9223372036854775808"),
    ("9223372036854775808", "9.223372036854776e+18"), ("9007199254740993", "9007199254740993"),
    ("9007199254740993.0", "9007199254740993"), ("0.99999999999999999999", "1.0"), ("4.9e-324", "5e-324"),
    ("1.7976931348623157e308", "1.7976931348623157e+308"), ("0e999999999999999999999", "0"), ("0.0e-5", "0"),
    ("1e999", "null"), ("-1e999", "null"), ("1e-999", "null"), ("NaN", "null"), ("Infinity", "null"),
    ("-Infinity", "null"), ("1e99999999999999999999999999", "null"),
    (#""""#, #""""#), (#""a""#, #""a""#), (#""\"\\\/\b\f\n\r\t""#, #""\"\\/\u0008\u000c\n\r\t""#),
    (#""\u0041\u00e9\u20AC""#, #""Aé€""#), (#""\uD83D\uDE00""#, #""😀""#), (#""é€😀""#, #""é€😀""#),
    (#""\u0000""#, #""\u0000""#), (#""<script>""#, #""\u003cscript>""#), ("\"\u{7F}\"", #""\u007f""#),
    ("[]", "[]"), ("[ ]", "[]"), ("[1,2 , 3]", "[1,2,3]"), ("[[],[[]]]", "[[],[[]]]"),
    ("{}", "{}"), ("{ }", "{}"), (#"{"a":1}"#, #"{"a":1}"#), (#"{"b":1,"a":[{}]}"#, #"{"b":1,"a":[{}]}"#),
    (#"{"":0}"#, #"{"":0}"#), (#"{"a":{"a":{"a":1}}}"#, #"{"a":{"a":{"a":1}}}"#),
  ]

  @Test(arguments: accepted) func accepts(text: String, canonical: String) throws {
    let node = try JSONScanner.scan(Array(text.utf8))
    #expect(String(decoding: node.value.bytes, as: UTF8.self) == canonical)
  }

  /// A text, where it is refused, and a word of the reason.
  static let refused: [(text: String, line: Int, column: Int, reason: String)] = [
    ("", 1, 1, "empty"), ("  ", 1, 3, "empty"), ("\u{FEFF}1", 1, 1, "byte-order mark"),
    ("nul", 1, 1, "character n"), ("nulll", 1, 5, "after the end"), ("True", 1, 1, "character T"),
    ("'a'", 1, 1, "character '"), ("undefined", 1, 1, "character u"), ("1 2", 1, 3, "after the end"),
    ("{} {}", 1, 4, "after the end"), ("// a comment\n1", 1, 1, "character /"),
    ("01", 1, 2, "begin with a zero"), ("-01", 1, 3, "begin with a zero"), ("+1", 1, 1, "character +"),
    ("-", 1, 2, "minus sign"), ("-a", 1, 2, "minus sign"), (".5", 1, 1, "character ."), ("1.", 1, 3, "decimal point"),
    ("1.e5", 1, 3, "decimal point"), ("1e", 1, 3, "exponent"), ("1e+", 1, 4, "exponent"),
    ("0x10", 1, 2, "after the end"),
    ("1_000", 1, 2, "after the end"), ("--1", 1, 2, "minus sign"), ("- 1", 1, 2, "minus sign"),
    ("-Inf", 1, 2, "minus sign"),
    ("\"", 1, 1, "no closing"), ("\"a", 1, 1, "no closing"), ("\"\\", 1, 1, "no closing"),
    ("\"a\nb\"", 1, 3, "control"),
    ("\"a\tb\"", 1, 3, "control"), ("\"\u{0}\"", 1, 2, "control"), (#""\x""#, 1, 3, "backslash"),
    (#""\u12""#, 1, 6, "four hexadecimal"), (#""\u12G4""#, 1, 6, "four hexadecimal"), (#""\uD800""#, 1, 2, "surrogate"),
    (#""\uDC00""#, 1, 2, "surrogate"), (#""\uD800\uD800""#, 1, 2, "surrogate"), (#""\uD83D\n""#, 1, 2, "surrogate"),
    (#""\uDE00\uD83D""#, 1, 2, "surrogate"), (#""a\uD83Dx""#, 1, 3, "surrogate"),
    ("[", 1, 2, "ends where a value"), ("[1", 1, 3, "comma or ]"), ("[1,", 1, 4, "ends where a value"),
    ("[1,]", 1, 4, "character ]"), ("[,1]", 1, 2, "character ,"), ("[1 2]", 1, 4, "comma or ]"),
    ("[1}", 1, 3, "comma or ]"),
    ("]", 1, 1, "character ]"), ("{", 1, 2, "name in quotes"), ("{1:2}", 1, 2, "name in quotes"),
    ("{a:1}", 1, 2, "name in quotes"), (#"{"a"}"#, 1, 5, "colon"), (#"{"a" 1}"#, 1, 6, "colon"),
    (#"{"a":}"#, 1, 6, "character }"), (#"{"a":1,}"#, 1, 8, "name in quotes"), (#"{"a":1 "b":2}"#, 1, 8, "comma or }"),
    (#"{"a":1]"#, 1, 7, "comma or }"), (#"{"a":1,"a":1}"#, 1, 8, "twice"), (#"{"a":1,"\u0061":1}"#, 1, 8, "twice"),
    ("{\n  \"steps\": 1,\n  \"steps\": 2\n}", 3, 3, "twice"), ("{\n\"é\": x}", 2, 6, "character x"),
    ("[1,\n2,\r\n 3;4]", 3, 3, "comma or ]"), (String(repeating: "[", count: 65), 1, 65, "nested more than 64"),
    (String(repeating: "{\"a\":", count: 65), 1, 321, "nested more than 64"),
    (String(repeating: "[", count: 1_000_000), 1, 65, "nested more than 64"), ("1\u{A0}", 1, 2, "0xC2"),
    ("\u{2028}1", 1, 1, "0xE2"), ("1\u{0}", 1, 2, "0x0"),
  ]

  @Test(arguments: refused) func refuses(text: String, line: Int, column: Int, reason: String) {
    let error = #expect(throws: JSONSyntaxError.self) { try JSONScanner.scan(Array(text.utf8)) }
    #expect(error?.line == line)
    #expect(error?.column == column)
    #expect(error?.reason.contains(reason) == true, "\(error?.reason ?? "")")
  }

  /// Bytes that are no text at all: overlong forms, lone continuation bytes, surrogates in UTF-8, above U+10FFFF.
  @Test(
    arguments: [
      [0xFF], [0x80], [0xC0, 0xAF], [0xE0, 0x80, 0xAF], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE2, 0x82],
      [0xF8, 0x88, 0x80, 0x80, 0x80],
    ] as [[UInt8]])
  func refusesInvalidUTF8(bytes: [UInt8]) {
    let quote = UInt8(ascii: "\"")
    let error = #expect(throws: JSONSyntaxError.self) { try JSONScanner.scan([quote] + bytes + [quote]) }
    #expect(error?.reason.contains("UTF-8") == true)
    #expect(throws: JSONSyntaxError.self) { try JSONScanner.scan(bytes) }
  }

  @Test func namesThePlaceOfADuplicate() {
    let text = #"{"event":{"events":[{"type":"laplace"},{"a/b":1,"a/b":2}]}}"#
    let error = #expect(throws: JSONSyntaxError.self) { try JSONScanner.scan(Array(text.utf8)) }
    #expect(error?.pointer == "/event/events/1/a~1b")
  }

  @Test func boundsTheNumberOfValues() throws {
    let many = "[" + Array(repeating: "[]", count: 100).joined(separator: ",") + "]"
    var limits = JSONScanner.Limits()
    limits.values = 101
    _ = try JSONScanner.scan(Array(many.utf8), limits: limits)
    limits.values = 100
    #expect(throws: JSONSyntaxError.self) { try JSONScanner.scan(Array(many.utf8), limits: limits) }
  }

  /// Doubling the text at most doubles the work: a megabyte of each shape is read in well under a second.
  @Test(arguments: ["9", "[", "\"", "\\u0041", "{\"a\":", " ", "-", "1e", "\u{E9}"])
  func isLinear(piece: String) {
    let text = "\"" + String(repeating: piece, count: 1_000_000 / piece.utf8.count)
    let clock = ContinuousClock()
    let elapsed = clock.measure {
      for bytes in [Array(text.utf8), Array(text.utf8.dropFirst())] {
        do { _ = try JSONScanner.scan(bytes) } catch { #expect(error is JSONSyntaxError) }
      }
    }
    #expect(elapsed < .seconds(5))
  }

  @Test func longNumbersAreNotRead() throws {
    let node = try JSONScanner.scan(Array(String(repeating: "1", count: 100_000).utf8))
    guard case .number(let number) = node.content else { throw TestFailure() }
    #expect(number.double == nil && number.integer == nil && number.text.count < 60)
  }

  /// What is written reads back as the same value.
  @Test func writesWhatItReads() throws {
    var generator = SplitMix64(seed: 7)
    for _ in 0..<10_000 {
      let number = Double(bitPattern: generator.next())
      guard number.isFinite, number != 0 else { continue }
      let node = try JSONScanner.scan(JSONValue.number(number).bytes)
      guard case .number(let read) = node.content else { throw TestFailure() }
      #expect(read.double == number)
    }
  }
}

struct TestFailure: Error {}

/// A small generator with a seed, so that what fails can be run again (Steele, Lea and Flood, OOPSLA 2014).
struct SplitMix64: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) {
    state = seed
  }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
