import COneDNN
import Glibc

/// - Throws: `TensorError.library` unless `status` is success.
func check(_ status: dnnl_status_t, _ call: StaticString) throws(TensorError) {
  guard status == dnnl_success else { throw .library("oneDNN: \(call) gave status \(status.rawValue)") }
}

/// The library's CPU engine and a stream on it.
final class OneDNNEngine {
  let engine: dnnl_engine_t
  let stream: dnnl_stream_t

  init() throws(TensorError) {
    onednn_use_one_thread()
    var engine: dnnl_engine_t?
    try check(dnnl_engine_create(&engine, dnnl_cpu, 0), "engine_create")
    guard let engine else { throw .library("oneDNN: no CPU engine") }
    var stream: dnnl_stream_t?
    let status = dnnl_stream_create(&stream, engine, UInt32(dnnl_stream_default_flags.rawValue))
    guard status == dnnl_success, let stream else {
      dnnl_engine_destroy(engine)
      throw .library("oneDNN: stream_create gave status \(status.rawValue)")
    }
    self.engine = engine
    self.stream = stream
  }

  deinit {
    dnnl_stream_destroy(stream)
    dnnl_engine_destroy(engine)
  }
}

/// Memory that primitives may overwrite while they run, shared by all primitives of one backend. It grows when a
/// primitive is made, never in a step.
final class OneDNNScratch {
  private(set) var pointer: UnsafeMutableRawPointer?
  private var byteCount = 0

  func require(_ bytes: Int) throws(TensorError) {
    guard bytes > byteCount else { return }
    let rounded = (bytes + 4095) & ~4095
    guard let larger = aligned_alloc(4096, rounded) else { throw .outOfMemory(bytes: rounded) }
    free(pointer)
    pointer = larger
    byteCount = rounded
  }

  deinit { free(pointer) }
}

/// A primitive descriptor: an operation with its layouts chosen. Owns the library's object.
final class OneDNNDescriptor {
  let handle: dnnl_primitive_desc_t

  /// - Parameters:
  ///   - operation: one of the library's operation descriptors, as the library leaves it to its caller to keep.
  ///   - hint: the forward descriptor, for a backward operation.
  init(
    operation: UnsafeRawPointer, engine: OneDNNEngine, finish: OneDNNFinish = .set, hint: OneDNNDescriptor? = nil,
    what: StaticString
  ) throws(TensorError) {
    let attributes = try OneDNNAttributes(finish)
    // An implementation is chosen, and its work divided, for the number of threads at this moment.
    onednn_use_one_thread()
    var handle: dnnl_primitive_desc_t?
    try check(
      dnnl_primitive_desc_create(&handle, operation, attributes.handle, engine.engine, hint?.handle), what)
    guard let handle else { throw .library("oneDNN: no implementation for \(what)") }
    self.handle = handle
  }

  /// A change of layout; `accumulating` adds to the destination instead of replacing it.
  init(
    reorder source: OneDNNLayout, to destination: OneDNNLayout, engine: OneDNNEngine, accumulating: Bool = false
  ) throws(TensorError) {
    let attributes = try OneDNNAttributes(accumulating ? .add : .set)
    onednn_use_one_thread()
    var handle: dnnl_primitive_desc_t?
    var (from, to) = (source.descriptor, destination.descriptor)
    try check(
      dnnl_reorder_primitive_desc_create(&handle, &from, engine.engine, &to, engine.engine, attributes.handle),
      "reorder_primitive_desc_create")
    guard let handle else { throw .library("oneDNN: no implementation of a reorder") }
    self.handle = handle
  }

  deinit { dnnl_primitive_desc_destroy(handle) }

  /// The layout that the operation wants for one of its tensors.
  func layout(_ query: dnnl_query_t, _ index: Int32 = 0) throws(TensorError) -> OneDNNLayout {
    guard let descriptor = dnnl_primitive_desc_query_md(handle, query, index) else {
      throw .library("oneDNN: primitive_desc_query_md gave nothing for query \(query.rawValue)")
    }
    return OneDNNLayout(descriptor: descriptor.pointee)
  }
}

/// What an operation does with its result.
enum OneDNNFinish {
  case set
  /// Adds it to the destination.
  case add
  /// Sets the destination to the greater of it and 0.
  case rectify
}

/// User-managed scratch for every primitive, and how it finishes.
private final class OneDNNAttributes {
  let handle: dnnl_primitive_attr_t

  init(_ finish: OneDNNFinish) throws(TensorError) {
    var handle: dnnl_primitive_attr_t?
    try check(dnnl_primitive_attr_create(&handle), "primitive_attr_create")
    guard let handle else { throw .library("oneDNN: no attributes") }
    self.handle = handle
    try check(dnnl_primitive_attr_set_scratchpad_mode(handle, dnnl_scratchpad_mode_user), "set_scratchpad_mode")
    guard finish != .set else { return }
    var operations: dnnl_post_ops_t?
    try check(dnnl_post_ops_create(&operations), "post_ops_create")
    defer { dnnl_post_ops_destroy(operations) }
    if finish == .add {
      try check(dnnl_post_ops_append_sum(operations, 1), "post_ops_append_sum")
    } else {
      try check(dnnl_post_ops_append_eltwise(operations, 1, dnnl_eltwise_relu, 0, 0), "post_ops_append_eltwise")
    }
    try check(dnnl_primitive_attr_set_post_ops(handle, operations), "primitive_attr_set_post_ops")
  }

  deinit { dnnl_primitive_attr_destroy(handle) }
}

/// How a tensor lies in memory.
struct OneDNNLayout {
  var descriptor: dnnl_memory_desc_t

  init(descriptor: dnnl_memory_desc_t) { self.descriptor = descriptor }

  init(_ dimensions: [Int], _ tag: dnnl_format_tag_t) throws(TensorError) {
    descriptor = dnnl_memory_desc_t()
    try check(
      dnnl_memory_desc_init_by_tag(
        &descriptor, Int32(dimensions.count), dimensions.map { Int64($0) }, dnnl_f32, tag), "memory_desc_init_by_tag")
  }

  init(_ dimensions: [Int], strides: [Int]) throws(TensorError) {
    descriptor = dnnl_memory_desc_t()
    try check(
      dnnl_memory_desc_init_by_strides(
        &descriptor, Int32(dimensions.count), dimensions.map { Int64($0) }, dnnl_f32, strides.map { Int64($0) }),
      "memory_desc_init_by_strides")
  }

  /// Padding included.
  var byteCount: Int { withUnsafePointer(to: descriptor) { dnnl_memory_desc_get_size($0) } }
  var floatCount: Int { (byteCount + 3) / 4 }
}

/// An operation that is ready to run: the library's primitive with a memory object for each argument, whose address is
/// set before each run.
final class OneDNNPrimitive {
  private let engine: OneDNNEngine
  private let scratch: OneDNNScratch
  private let primitive: dnnl_primitive_t
  private let arguments: UnsafeMutableBufferPointer<dnnl_exec_arg_t>
  private let scratchIndex: Int?

  /// - Parameter tensors: each argument's number in the library and its layout; `run` takes addresses in this order.
  init(
    _ descriptor: OneDNNDescriptor, _ tensors: [(argument: Int32, layout: OneDNNLayout)], engine: OneDNNEngine,
    scratch: OneDNNScratch
  ) throws(TensorError) {
    self.engine = engine
    self.scratch = scratch
    onednn_use_one_thread()
    var tensors = tensors
    let scratchpad = try descriptor.layout(dnnl_query_scratchpad_md)
    scratchIndex = scratchpad.byteCount > 0 ? tensors.count : nil
    if scratchpad.byteCount > 0 {
      try scratch.require(scratchpad.byteCount)
      tensors.append((DNNL_ARG_SCRATCHPAD, scratchpad))
    }
    var primitive: dnnl_primitive_t?
    try check(dnnl_primitive_create(&primitive, descriptor.handle), "primitive_create")
    guard let primitive else { throw .library("oneDNN: no primitive") }
    self.primitive = primitive
    arguments = .allocate(capacity: tensors.count)
    arguments.initialize(repeating: dnnl_exec_arg_t(arg: 0, memory: nil))
    for (index, tensor) in tensors.enumerated() {
      arguments[index].arg = tensor.argument
      var layout = tensor.layout.descriptor
      // A null handle: the memory is ours, and its address comes later.
      try check(dnnl_memory_create(&arguments[index].memory, &layout, engine.engine, nil), "memory_create")
    }
  }

  deinit {
    for argument in arguments { dnnl_memory_destroy(argument.memory) }
    arguments.deallocate()
    dnnl_primitive_destroy(primitive)
  }

  /// The library takes plain `void *` for what it only reads, too.
  func run(
    _ first: UnsafePointer<Float>?, _ second: UnsafePointer<Float>?, _ third: UnsafePointer<Float>? = nil,
    _ fourth: UnsafePointer<Float>? = nil
  ) throws(TensorError) {
    onednn_use_one_thread()
    try bind(0, first)
    try bind(1, second)
    if let third { try bind(2, third) }
    if let fourth { try bind(3, fourth) }
    if let scratchIndex {
      try check(
        dnnl_memory_set_data_handle(arguments[scratchIndex].memory, scratch.pointer), "memory_set_data_handle")
    }
    try check(
      dnnl_primitive_execute(primitive, engine.stream, Int32(arguments.count), arguments.baseAddress),
      "primitive_execute")
  }

  private func bind(_ index: Int, _ pointer: UnsafePointer<Float>?) throws(TensorError) {
    try check(
      dnnl_memory_set_data_handle(arguments[index].memory, UnsafeMutableRawPointer(mutating: pointer)),
      "memory_set_data_handle")
  }
}
