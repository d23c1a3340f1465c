import Datasets
import Testing

@Suite struct DatasetRegistrationTests {
  static let all = [
    DatasetRegistration(source: arrays(.idx, scale: 1.0 / 255), exampleCount: 60_000, shape: [28, 28], split: "train"),
    DatasetRegistration(
      source: table(names: ["<=50K", ">50K"], ranges: [FeatureRange(lower: 0.1, upper: 1e6)]), exampleCount: 1,
      shape: [1]),
    DatasetRegistration(source: table(header: false, label: .index(-1)), exampleCount: 7, shape: [3]),
  ]

  @Test(arguments: all)
  func textAndBackIsTheIdentity(registration: DatasetRegistration) throws {
    let json = try registration.json()
    #expect(try DatasetRegistration(json: json) == registration)
    #expect(!json.contains("\n"))
  }

  @Test(arguments: ["", "{}", "[]", #"{"source": {"format": "parquet"}, "example_count": 1, "shape": [1]}"#])
  func anythingElseIsRefused(json: String) {
    #expect(throws: DecodingError.self) { try DatasetRegistration(json: json) }
  }
}
