import COneDNN

/// Matrix products and convolutions by oneDNN (v2 C API), everything else by the kernels in `CKernels`.
///
/// Primitives are made once for each shape and number of examples and then reused; making one compiles machine code. Each
/// runs on the calling thread alone. Images are NHWC for the library as well, measured within 20 % of its own blocked
/// layouts on forward passes and equal on backward ones, without any reorder between layers.
public final class OneDNNBackend: NumericBackend {
  let engine: OneDNNEngine
  let scratch = OneDNNScratch(), staging = OneDNNScratch()
  private var products: [ProductKey: OneDNNPrimitive] = [:]
  var convolutions: [ConvolutionGeometry: OneDNNConvolution] = [:]
  var sequenceProducts: [OneDNNProductKey: OneDNNPrimitive] = [:]

  /// - Throws: `TensorError.library` when oneDNN finds no usable CPU.
  public init() throws(TensorError) { engine = try OneDNNEngine() }

  private struct ProductKey: Hashable {
    let product: MatrixProduct
    let accumulating: Bool
  }

  public func multiply(
    _ product: MatrixProduct, _ a: Floats, _ b: Floats, into c: MutableFloats, accumulating: Bool
  ) throws(TensorError) {
    let (m, n, k) = (product.m, product.n, product.k)
    precondition(a.count >= m * k && b.count >= k * n && c.count >= m * n)
    let key = ProductKey(product: product, accumulating: accumulating)
    let primitive: OneDNNPrimitive
    if let known = products[key] {
      primitive = known
    } else {
      primitive = try makeProduct(product, accumulating: accumulating)
      products[key] = primitive
    }
    try primitive.run(a.baseAddress, b.baseAddress, c.baseAddress)
  }

  private func makeProduct(_ product: MatrixProduct, accumulating: Bool) throws(TensorError) -> OneDNNPrimitive {
    let (m, n, k) = (product.m, product.n, product.k)
    let a = try OneDNNLayout([m, k], strides: product.transposeA ? [1, m] : [k, 1])
    let b = try OneDNNLayout([k, n], strides: product.transposeB ? [1, k] : [n, 1])
    let c = try OneDNNLayout([m, n], strides: [n, 1])
    var operation = dnnl_matmul_desc_t()
    var (source, weights, destination) = (a.descriptor, b.descriptor, c.descriptor)
    try check(dnnl_matmul_desc_init(&operation, &source, &weights, nil, &destination), "matmul_desc_init")
    let descriptor = try OneDNNDescriptor(
      operation: &operation, engine: engine, finish: accumulating ? .add : .set, what: "matmul")
    return try OneDNNPrimitive(
      descriptor, [(DNNL_ARG_SRC_0, a), (DNNL_ARG_WEIGHTS_0, b), (DNNL_ARG_DST_0, c)], engine: engine,
      scratch: scratch)
  }
}
