import Foundation
import Ledger
import PrivateTraining

/// What a job leaves: the model and its papers. Written after the last step was charged for.
struct ArtifactFolder {
  let url: URL
  private let job: JobID

  init(root: URL, job: JobID) {
    self.job = job
    url = root.appendingPathComponent(job.text, isDirectory: true)
  }

  /// Writes all artifacts, each under a temporary name first, and returns what the ledger keeps of them. Repeating it
  /// after a crash replaces them.
  func write(report: JobReport, trainer: Trainer, preparation: JobPreparation) throws -> [Artifact] {
    try DurableFile.makeFolder(url)
    let model = try ModelDescription(trainer: trainer, preparation: preparation)
    return try [
      write("model.safetensors", trainer.model(metadata: metadata(report)), "application/octet-stream"),
      write("model.json", Self.json(model), "application/json"),
      write("report.json", Self.json(report), "application/json"),
      write("report.md", Array(report.markdown.utf8), "text/markdown"),
    ]
  }

  private func write(_ name: String, _ bytes: [UInt8], _ mediaType: String) throws -> Artifact {
    let temporary = url.appendingPathComponent(".\(name).new")
    try DurableFile.write(bytes, to: temporary)
    try DurableFile.rename(temporary, to: url.appendingPathComponent(name))
    return Artifact(
      name: name, byteCount: Int64(bytes.count), digest: try Digest(of: bytes), mediaType: mediaType)
  }

  /// `format: pt` is what loaders of PyTorch models look for.
  private func metadata(_ report: JobReport) -> [String: String] {
    var metadata = ["format": "pt", "job": job.text, "software": report.software, "guarantee": "none"]
    if let guarantee = report.guarantee { metadata["guarantee"] = guarantee.sentence }
    return metadata
  }

  private static func json(_ value: some Encodable) throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return [UInt8](try encoder.encode(value)) + [UInt8(ascii: "\n")]
  }
}
