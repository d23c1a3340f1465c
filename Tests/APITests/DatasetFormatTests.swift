import API
import Foundation
import Testing

/// Registrations of every format, as requests.
@Suite struct DatasetFormatTests {
  private let api: TestAPI

  init() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("formats-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    func write(_ name: String, _ bytes: [UInt8]) throws {
      try Data(bytes).write(to: folder.appendingPathComponent(name))
    }
    try write("people.csv", Array("id,age,work,rich\n1,17,State,no\n2,90,Private,yes\n3,200,?,yes\n".utf8))
    try write("reviews.csv", Array("text,label\n\"Good, very good\",1\nbad,0\n".utf8))
    try write("text", Array("To be, or not to be".utf8))
    try write("batch_1.bin", [3] + [UInt8](repeating: 7, count: 3_072))
    try write("batch_2.bin", [4] + [UInt8](repeating: 7, count: 3_072))
    try write("tokens", [0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6])
    api = try TestAPI(dataFolders: [folder.path])
  }

  private func register(_ body: String, at expected: String? = nil) -> Answer {
    let answer = api.post("/v1/datasets", body)
    #expect(answer.status == (expected == nil ? 201 : 422), "\(answer.text)")
    if let expected { #expect(answer.pointers == [expected], "\(answer.text)") }
    return answer
  }

  static let people = """
    {"name": "people", "format": "csv", "files": ["people.csv"], "labels": "rich", "classes": 2,
     "class_names": ["no", "yes"], "columns": [{"name": "id", "type": "ignored"},
      {"name": "age", "type": "number", "range": [17, 90], "clamp": true},
      {"name": "work", "type": "category", "values": ["State", "Private"], "other": true}]}
    """

  @Test func aTableOfDeclaredColumns() {
    let answer = register(Self.people)
    #expect(answer.json["shape"] == [4] && answer.json["size"] == 3 && answer.json["classes"] == 2)
    #expect(answer.json["vocabulary_size"] == .null)
  }

  @Test(arguments: [
    (#", "clamp": true"#, "", "/files/0"), (#", "other": true"#, "", "/files/0"),
    (#""type": "ignored""#, #""type": "ignored", "range": [0, 1]"#, "/columns/0/range"),
    (#""type": "ignored""#, #""type": "ignore""#, "/columns/0/type"),
    (#""values": ["State", "Private"]"#, #""values": []"#, "/columns/2/values"),
    (#""range": [17, 90]"#, #""range": [90, 17]"#, "/columns/1/range"),
    (#""name": "age""#, #""name": "ages""#, "/files/0"),
    (#""type": "ignored""#, #""type": "text", "length": 3"#, "/columns/0/vocabulary_size"),
    (#""columns""#, #""ranges": [[0, 1]], "columns""#, "/ranges"),
  ])
  func columnsThatAreWrongAreNamed(good: String, bad: String, pointer: String) {
    _ = register(Self.people.replacing(good, with: bad), at: pointer)
  }

  @Test func textsInATable() {
    let answer = register(
      """
      {"name": "reviews", "format": "csv", "files": ["reviews.csv"], "labels": "label", "classes": 2,
       "columns": [{"name": "text", "type": "text", "tokenizer": "words", "vocabulary_size": 10000, "length": 8}]}
      """)
    #expect(answer.json["shape"] == [8] && answer.json["vocabulary_size"] == 10_000)
  }

  @Test func plainText() {
    let answer = register(#"{"name": "hamlet", "format": "text", "files": ["text"], "length": 6}"#)
    #expect(answer.json["shape"] == [6] && answer.json["size"] == 3 && answer.json["classes"] == .null)
    #expect(answer.json["vocabulary_size"] == 257)
    let job = api.post(
      "/v1/jobs?dry_run=true",
      """
      {"name": "t", "dataset": "hamlet", "model": {"preset": "gpt2-tiny"}, "privacy": {"noise_multiplier": 1, "delta": 0.01},
       "budget": "\(api.post("/v1/budgets", #"{"name": "b", "dataset": "hamlet", "epsilon": 30, "delta": 0.1}"#).json["id"]?.string ?? "")",
       "training": {"batch_size": 1, "steps": 1, "optimizer": {"type": "adam", "learning_rate": 0.001}, "clipping": {"norm": 1}}}
      """)
    #expect(job.status == 200, "\(job.text)")
    _ = register(#"{"name": "h", "format": "text", "files": ["text"], "length": 60}"#, at: "/files/0")
    _ = register(#"{"name": "h", "format": "text", "files": ["text"], "length": 6, "classes": 3}"#, at: "/classes")
    _ = register(#"{"name": "h", "format": "text", "files": ["text"]}"#, at: "/length")
  }

  @Test func recordsOfSeveralFiles() {
    let body = #"{"name": "cifar", "format": "cifar_binary", "files": ["batch_1.bin", "batch_2.bin"], "classes": 10}"#
    let answer = register(body)
    #expect(answer.json["shape"] == [3, 32, 32] && answer.json["size"] == 2)
    #expect(answer.json["files"] == ["batch_1.bin", "batch_2.bin"])
    // The second file alone holds people of the first dataset.
    let part = body.replacing("cifar\"", with: "part\"").replacing(#""batch_1.bin", "#, with: "")
    #expect(api.post("/v1/datasets", part).status == 409)
    _ = register(body.replacing("batch_2.bin", with: "text").replacing("cifar\"", with: "x\""), at: "/files/1")
  }

  @Test func tokens() {
    let body = #"{"name": "t", "format": "token_ids", "files": ["tokens"], "vocabulary_size": 7}"#
    let answer = register(body)
    #expect(answer.json["shape"] == [2] && answer.json["vocabulary_size"] == 7 && answer.json["classes"] == .null)
    _ = register(body.replacing(#", "vocabulary_size": 7"#, with: ""), at: "/vocabulary_size")
  }
}
