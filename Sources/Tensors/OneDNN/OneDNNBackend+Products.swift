import CKernels
import COneDNN

/// Products beside the plain ones of `multiply`, each made once.
enum OneDNNProductKey: Hashable {
  case strided(StridedProduct, accumulating: Bool)
  case affine(rows: Int, inputs: Int, outputs: Int)
}

extension OneDNNBackend {
  public func multiply(
    _ product: StridedProduct, _ a: Floats, _ b: Floats, into c: MutableFloats, accumulating: Bool
  ) throws(TensorError) {
    product.check(a, b, c)
    let key = OneDNNProductKey.strided(product, accumulating: accumulating)
    let primitive: OneDNNPrimitive
    if let known = sequenceProducts[key] {
      primitive = known
    } else {
      primitive = try makeProduct(product, accumulating: accumulating)
      sequenceProducts[key] = primitive
    }
    try primitive.run(a.baseAddress, b.baseAddress, c.baseAddress)
  }

  private func makeProduct(_ product: StridedProduct, accumulating: Bool) throws(TensorError) -> OneDNNPrimitive {
    func layout(_ strides: StridedProduct.Strides, _ rows: Int, _ columns: Int) throws(TensorError) -> OneDNNLayout {
      try OneDNNLayout(
        [product.batch, rows, columns], strides: [strides.batch, strides.row, strides.column])
    }
    let a = try layout(product.a, product.m, product.k)
    let b = try layout(product.b, product.k, product.n)
    let c = try layout(product.c, product.m, product.n)
    var operation = dnnl_matmul_desc_t()
    var (source, weights, destination) = (a.descriptor, b.descriptor, c.descriptor)
    try check(dnnl_matmul_desc_init(&operation, &source, &weights, nil, &destination), "matmul_desc_init")
    let descriptor = try OneDNNDescriptor(
      operation: &operation, engine: engine, finish: accumulating ? .add : .set, what: "matmul")
    return try OneDNNPrimitive(
      descriptor, [(DNNL_ARG_SRC_0, a), (DNNL_ARG_WEIGHTS_0, b), (DNNL_ARG_DST_0, c)], engine: engine,
      scratch: scratch)
  }

  public func affine(
    rows: Int, inputs: Int, outputs: Int, _ x: Floats, weights: Floats, bias: Floats?, into y: MutableFloats
  ) throws(TensorError) {
    guard let bias else {
      let product = MatrixProduct(m: rows, n: outputs, k: inputs, transposeB: true)
      return try multiply(product, x, weights, into: y, accumulating: false)
    }
    precondition(x.count >= rows * inputs && weights.count >= inputs * outputs && y.count >= rows * outputs)
    precondition(bias.count >= outputs)
    let key = OneDNNProductKey.affine(rows: rows, inputs: inputs, outputs: outputs)
    let primitive: OneDNNPrimitive
    if let known = sequenceProducts[key] {
      primitive = known
    } else {
      primitive = try makeAffine(rows: rows, inputs: inputs, outputs: outputs)
      sequenceProducts[key] = primitive
    }
    try primitive.run(x.baseAddress, weights.baseAddress, y.baseAddress, bias.baseAddress)
  }

  private func makeAffine(rows: Int, inputs: Int, outputs: Int) throws(TensorError) -> OneDNNPrimitive {
    let a = try OneDNNLayout([rows, inputs], strides: [inputs, 1])
    let b = try OneDNNLayout([inputs, outputs], strides: [1, inputs])
    let c = try OneDNNLayout([rows, outputs], strides: [outputs, 1])
    let bias = try OneDNNLayout([1, outputs], strides: [outputs, 1])
    var operation = dnnl_matmul_desc_t()
    var (source, weights, destination) = (a.descriptor, b.descriptor, c.descriptor)
    var offsets = bias.descriptor
    try check(dnnl_matmul_desc_init(&operation, &source, &weights, &offsets, &destination), "matmul_desc_init")
    let descriptor = try OneDNNDescriptor(operation: &operation, engine: engine, what: "matmul with bias")
    return try OneDNNPrimitive(
      descriptor,
      [(DNNL_ARG_SRC_0, a), (DNNL_ARG_WEIGHTS_0, b), (DNNL_ARG_DST_0, c), (DNNL_ARG_BIAS, bias)], engine: engine,
      scratch: scratch)
  }

  public func gramSquaredNorms(
    count: Int, positions: Int, inputs: Int, outputs: Int, _ input: Floats, _ outputGradient: Floats,
    into squaredNorms: MutableDoubles
  ) {
    precondition(input.count >= count * positions * inputs && outputGradient.count >= count * positions * outputs)
    precondition(squaredNorms.count >= count)
    for i in 0..<count {
      squaredNorms[i] = ck_gram_squared_norm(
        positions, inputs, input.slice(i * positions * inputs, positions * inputs).baseAddress, outputs,
        outputGradient.slice(i * positions * outputs, positions * outputs).baseAddress)
    }
  }
}
