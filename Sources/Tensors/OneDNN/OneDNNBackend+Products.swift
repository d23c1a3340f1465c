import CKernels
import COneDNN

/// A matrix product that the library has been asked for, by which its primitive is found again.
enum OneDNNProduct: Hashable {
  case plain(MatrixProduct, accumulating: Bool)
  case strided(StridedProduct, accumulating: Bool)
  case affine(rows: Int, inputs: Int, outputs: Int)
}

extension OneDNNBackend {
  public func multiply(
    _ product: MatrixProduct, _ a: Floats, _ b: Floats, into c: MutableFloats, accumulating: Bool
  ) throws(TensorError) {
    let (m, n, k) = (product.m, product.n, product.k)
    precondition(a.count >= m * k && b.count >= k * n && c.count >= m * n)
    try primitive(.plain(product, accumulating: accumulating)).run(a.baseAddress, b.baseAddress, c.baseAddress)
  }

  public func multiply(
    _ product: StridedProduct, _ a: Floats, _ b: Floats, into c: MutableFloats, accumulating: Bool
  ) throws(TensorError) {
    product.check(a, b, c)
    try primitive(.strided(product, accumulating: accumulating)).run(a.baseAddress, b.baseAddress, c.baseAddress)
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
    try primitive(.affine(rows: rows, inputs: inputs, outputs: outputs))
      .run(x.baseAddress, weights.baseAddress, y.baseAddress, bias.baseAddress)
  }

  private func primitive(_ product: OneDNNProduct) throws(TensorError) -> OneDNNPrimitive {
    if let known = products[product] { return known }
    let primitive = try makePrimitive(product)
    products[product] = primitive
    return primitive
  }

  private func makePrimitive(_ product: OneDNNProduct) throws(TensorError) -> OneDNNPrimitive {
    switch product {
    case .plain(let product, let accumulating):
      let (m, n, k) = (product.m, product.n, product.k)
      return try makeProduct(
        OneDNNLayout([m, k], strides: product.transposeA ? [1, m] : [k, 1]),
        OneDNNLayout([k, n], strides: product.transposeB ? [1, k] : [n, 1]), OneDNNLayout([m, n], strides: [n, 1]),
        accumulating: accumulating)
    case .strided(let product, let accumulating):
      func layout(_ strides: StridedProduct.Strides, _ rows: Int, _ columns: Int) throws(TensorError) -> OneDNNLayout {
        try OneDNNLayout([product.batch, rows, columns], strides: [strides.batch, strides.row, strides.column])
      }
      return try makeProduct(
        layout(product.a, product.m, product.k), layout(product.b, product.k, product.n),
        layout(product.c, product.m, product.n), accumulating: accumulating)
    case .affine(let rows, let inputs, let outputs):
      return try makeProduct(
        OneDNNLayout([rows, inputs], strides: [inputs, 1]), OneDNNLayout([inputs, outputs], strides: [1, inputs]),
        OneDNNLayout([rows, outputs], strides: [outputs, 1]),
        bias: OneDNNLayout([1, outputs], strides: [outputs, 1]), accumulating: false)
    }
  }

  private func makeProduct(
    _ a: OneDNNLayout, _ b: OneDNNLayout, _ c: OneDNNLayout, bias: OneDNNLayout? = nil, accumulating: Bool
  ) throws(TensorError) -> OneDNNPrimitive {
    var operation = dnnl_matmul_desc_t()
    var (source, weights, destination) = (a.descriptor, b.descriptor, c.descriptor)
    var tensors = [(DNNL_ARG_SRC_0, a), (DNNL_ARG_WEIGHTS_0, b), (DNNL_ARG_DST_0, c)]
    if let bias {
      var offsets = bias.descriptor
      try check(dnnl_matmul_desc_init(&operation, &source, &weights, &offsets, &destination), "matmul_desc_init")
      tensors.append((DNNL_ARG_BIAS, bias))
    } else {
      try check(dnnl_matmul_desc_init(&operation, &source, &weights, nil, &destination), "matmul_desc_init")
    }
    let descriptor = try OneDNNDescriptor(
      operation: &operation, engine: engine, finish: accumulating ? .add : .set, what: "matmul")
    return try OneDNNPrimitive(descriptor, tensors, engine: engine, scratch: scratch)
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
