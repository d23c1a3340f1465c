import Datasets
import Testing

@Suite struct DatasetRegistrationTests {
  static let all = [
    DatasetRegistration(source: arrays(.idx, scale: 1.0 / 255), shape: [28, 28], split: "train"),
    DatasetRegistration(
      source: table(names: ["<=50K", ">50K"], ranges: [FeatureRange(lower: 0.1, upper: 1e6)]), shape: [1]),
    DatasetRegistration(source: table(header: false, label: .index(-1)), shape: [3]),
  ]

  @Test(arguments: all)
  func textAndBackIsTheIdentity(registration: DatasetRegistration) throws {
    let json = try registration.json()
    #expect(try DatasetRegistration(json: json) == registration)
    #expect(!json.contains("\n"))
  }

  @Test(arguments: [
    "", "{}", "[]", #"{"format": "parquet", "features": "x", "class_count": 2, "scale": 1, "shape": [1]}"#,
    #"{"format": "idx", "features": "x", "class_count": 2, "scale": 1}"#,
  ])
  func anythingElseIsRefused(json: String) {
    #expect(throws: DecodingError.self) { try DatasetRegistration(json: json) }
  }

  /// Ledgers hold these texts for as long as they live: they must be read by every later version.
  @Test func theTextStaysReadable() throws {
    let json =
      #"{"class_count":10,"features":"x.gz","format":"idx","labels":"y.gz","scale":0.5,"shape":[28,28],"split":"train"}"#
    let registration = DatasetRegistration(
      source: DatasetSource(format: .idx, features: "x.gz", labels: "y.gz", classCount: 10, scale: 0.5),
      shape: [28, 28], split: "train")
    #expect(try DatasetRegistration(json: json) == registration)
    #expect(try registration.json() == json)
  }
}
