import COneDNN

/// Matrix products and convolutions by oneDNN (v2 C API), everything else by the kernels in `CKernels`.
///
/// Primitives are made once for each shape and number of examples and then reused; making one compiles machine code. Each
/// runs on the calling thread alone. Images are NHWC for the library as well, measured within 20 % of its own blocked
/// layouts on forward passes and equal on backward ones, without any reorder between layers.
public final class OneDNNBackend: NumericBackend {
  let engine: OneDNNEngine
  let scratch = OneDNNScratch(), staging = OneDNNScratch()
  /// See `OneDNNBackend+Products.swift`.
  var products: [OneDNNProduct: OneDNNPrimitive] = [:]
  var convolutions: [ConvolutionGeometry: OneDNNConvolution] = [:]

  /// - Throws: `TensorError.library` when oneDNN finds no usable CPU.
  public init() throws(TensorError) { engine = try OneDNNEngine() }
}
