import Glibc

/// A dataset that is known by name where its Debian package is installed.
public struct KnownDataset: Hashable, Sendable {
  /// `fashion-mnist/train`.
  public let name: String
  public let source: DatasetSource
  public let description: DatasetDescription
  public let isPublic: Bool

  /// Debian's `dataset-fashion-mnist`.
  static let fashionMNISTFolder = "/usr/share/datasets/fashion-mnist"

  /// Where known datasets lie.
  static let folders = [fashionMNISTFolder]

  /// Those whose files are there. Fashion-MNIST (Xiao, Rasul, Vollgraf 2017, arXiv:1708.07747): 28×28 gray images of ten
  /// kinds of clothing. Its training part plays the private data, its test part is public.
  public static func installed() -> [KnownDataset] {
    [
      fashionMNIST("train", files: "train", count: 60_000, isPublic: false),
      fashionMNIST("test", files: "t10k", count: 10_000, isPublic: true),
    ].filter { dataset in
      [dataset.source.features, dataset.source.labels].compactMap { $0 }.allSatisfy { access($0, R_OK) == 0 }
    }
  }

  /// The installed one of that name.
  public static func named(_ name: String) -> KnownDataset? {
    installed().first { $0.name == name }
  }

  private static func fashionMNIST(_ split: String, files prefix: String, count: Int, isPublic: Bool) -> KnownDataset {
    KnownDataset(
      name: "fashion-mnist/\(split)",
      source: DatasetSource(
        format: .idx, features: "\(fashionMNISTFolder)/\(prefix)-images-idx3-ubyte.gz",
        labels: "\(fashionMNISTFolder)/\(prefix)-labels-idx1-ubyte.gz", classCount: 10, scale: 1.0 / 255),
      description: DatasetDescription(exampleCount: count, shape: [28, 28], classCount: 10), isPublic: isPublic)
  }
}
