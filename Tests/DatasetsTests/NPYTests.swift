import Datasets
import Testing

@Suite struct NPYTests {
  @Test func everyElementTypeIsRead() throws {
    let folder = try Folder()
    try folder.write("y", npy("<i8", shape: "(2,)", littleEndian([1, 0] as [Int64])))
    let cases: [(String, [UInt8], [Float])] = [
      ("|u1", [7, 255], [7, 255]), ("<i4", littleEndian([-5, 1 << 20] as [Int32]), [-5, 1_048_576]),
      ("<i8", littleEndian([-5, 1 << 40] as [Int64]), [-5, 1_099_511_627_776]),
      ("<f4", littleEndian([0.25, -8] as [Float]), [0.25, -8]), ("<f8", littleEndian([0.1, 1e30]), [0.1, 1e30]),
      (">f4", [0x3F, 0x80, 0, 0, 0xC0, 0, 0, 0], [1, -2]),
    ]
    for (type, bytes, values) in cases {
      for version: UInt8 in [1, 2] {
        try folder.write("x", npy(type, shape: "(2, 1)", bytes, version: version))
        let examples = try folder.loader.load(arrays(.npy))
        #expect(examples.features == values, "\(type)")
        #expect(examples.targets == [1, 0])
        #expect(examples.shape == [1])
      }
    }
  }

  @Test func headersAreReadAsPythonWritesThem() throws {
    let folder = try Folder()
    try folder.write("y", npy("|u1", shape: "(1,)", [0]))
    for header in [
      "{'descr': '|u1', 'fortran_order': False, 'shape': (1, 2, 3), }",
      "{\"shape\": (1,2,3), \"fortran_order\":False,\"descr\" : \"|u1\"}",
      "{'shape': (1, 2, 3,), 'descr': '|u1', 'fortran_order': False}",
    ] {
      try folder.write("x", npy(header: header, [1, 2, 3, 4, 5, 6]))
      #expect(try folder.loader.load(arrays(.npy)).shape == [2, 3], "\(header)")
    }
  }

  static let badHeaders: [String] = [
    "", "{", "{}", "{'descr': '|u1'}", "[1, 2]",
    "{'descr': '|u1', 'fortran_order': True, 'shape': (1, 2), }",
    "{'descr': '|u1', 'fortran_order': False, 'shape': (), }",
    "{'descr': '|u1', 'fortran_order': False, 'shape': (1, -2), }",
    "{'descr': '|u1', 'fortran_order': False, 'shape': (1, 2, 3, 4, 5), }",
    "{'descr': '|u1', 'fortran_order': False, 'shape': (1, 99999999999999999999), }",
    "{'descr': '|u1', 'fortran_order': False, 'shape': (1, 9223372036854775807, 3), }",
    "{'descr': '|u1', 'fortran_order': False, 'shape': (1, 2), 'shape': (1, 2), }",
    "{'descr': '|u1', 'fortran_order': False, 'shape': (1, 2), 'extra': 1, }",
    "{'descr': '|u1', 'fortran_order': False, 'shape': (1, 2), } trailing",
    "{'descr': '|O', 'fortran_order': False, 'shape': (1, 2), }",
    "{'descr': '|u1, 'fortran_order': False, 'shape': (1, 2), }",
    "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1, 2), }",
    "{'descr': '|u1', 'fortran_order': 0, 'shape': (1, 2), }",
    "{'descr': '|u1' 'fortran_order': False, 'shape': (1, 2), }",
    "{'descr': '|u1', 'fortran_order': False, 'shape': (1 2), }",
    "{'descr\\x00': '|u1', 'fortran_order': False, 'shape': (1, 2), }",
  ]

  @Test(arguments: badHeaders)
  func anythingElseIsRefused(header: String) throws {
    let folder = try Folder()
    try folder.write("x", npy(header: header, [1, 2]))
    try folder.write("y", npy("|u1", shape: "(1,)", [0]))
    let error = try #require(try failure { try folder.loader.describe(arrays(.npy)) })
    #expect(error.problem == .malformed, "\(error)")
    #expect(error.file == "x")
  }

  @Test func aVersionOrLengthBeyondReasonIsRefused() throws {
    let folder = try Folder()
    try folder.write("y", npy("|u1", shape: "(1,)", [0]))
    var unknown = npy("|u1", shape: "(1, 1)", [0])
    unknown[6] = 3
    try folder.write("x", unknown)
    #expect(try failure { try folder.loader.describe(arrays(.npy)) }?.location == .byte(6))
    let long = [0x93] + Array("NUMPY".utf8) + [2, 0, 0xFF, 0xFF, 0xFF, 0xFF]
    try folder.write("x", long)
    #expect(try failure { try folder.loader.describe(arrays(.npy)) }?.location == .byte(8))
  }
}
