import COpenSSL
import PrivateTraining
import Testing

func bytes(_ hex: String) -> [UInt8] {
  let digits = hex.utf8.filter { $0 != UInt8(ascii: " ") }.map { UInt8(Character(UnicodeScalar($0)).hexDigitValue!) }
  return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
}

@Suite struct KeystreamTests {
  /// NIST SP 800-38A, F.5.5 (CTR-AES256.Encrypt); the counter carries from its last byte.
  @Test func keystreamIsThatOfNIST() throws {
    let key = bytes("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4")
    let counter = bytes("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff")
    let plain = bytes(
      """
      6bc1bee22e409f96e93d7e117393172a ae2d8a571e03ac9c9eb76fac45af8e51 \
      30c81c46a35ce411e5fbc1191a0a52ef f69f2445df4f9b17ad2b417be66c3710
      """)
    let cipher = bytes(
      """
      601ec313775789a5b7a7f504bbf3d228 f443e3ca4d62b59aca84e990cacaf5c5 \
      2b0930daa23de94ce87017ba2d84988d dfc9c58db67aada613c2dd08457941a6
      """)
    let generator = try #require(openssl_aes256_ctr_create(key))
    defer { openssl_aes256_ctr_free(generator) }
    for length in [64, 64, 16, 5, 0] {  // each call starts from its counter, whatever came before
      var keystream = [UInt8](repeating: 0xaa, count: length)
      #expect(openssl_aes256_ctr_keystream(generator, counter, &keystream, length))
      #expect(zip(plain, keystream).map { $0 ^ $1 } == Array(cipher[..<length]))
    }
  }

  /// FIPS 180-4 examples, in one piece and in every split in two.
  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
  ])
  func digestIsThatOfFIPS180(message: String, digest: String) throws {
    let message = Array(message.utf8)
    var got = [UInt8](repeating: 0, count: Int(openssl_sha256_size))
    #expect(openssl_sha256(message, message.count, &got))
    #expect(got == bytes(digest))
    let stream = try #require(openssl_sha256_stream_create())
    defer { openssl_sha256_stream_free(stream) }
    for split in 0...message.count {
      #expect(openssl_sha256_stream_update(stream, Array(message[..<split]), split))
      #expect(openssl_sha256_stream_update(stream, Array(message[split...]), message.count - split))
      got = [UInt8](repeating: 0, count: Int(openssl_sha256_size))
      #expect(openssl_sha256_stream_finish(stream, &got))
      #expect(got == bytes(digest))
    }
  }

  @Test func comparisonSeesEveryByte() {
    let left = [UInt8](0..<32)
    #expect(openssl_equal_constant_time(left, left, 32))
    for i in 0..<32 {
      var right = left
      right[i] ^= 0x80
      #expect(!openssl_equal_constant_time(left, right, 32))
    }
  }

  @Test func randomBytesDiffer() {
    var first = [UInt8](repeating: 0, count: 64), second = first
    #expect(openssl_random(&first, 64) && openssl_random(&second, 64))
    #expect(first != second && first.contains { $0 != 0 })
  }

  /// Two positions never share a counter in their leading 12 bytes, and their blocks count up in the last four: with at
  /// most 2³² AES blocks each, no keystream is used twice.
  @Test func countersOfDifferentPositionsNeverMeet() {
    let steps = [0, 1, 255, 256, 65535, 1 << 32, (1 << 56) - 1]
    let blocks = [0, 1, 255, 256, 65535, 1 << 24, (1 << 32) - 1]
    var seen = Set<[UInt8]>()
    for stream in [Keystream.Stream.noise, .inclusion, .inclusionTie, .initialization] {
      for step in steps {
        for block in blocks {
          let counter = withUnsafeBytes(of: Keystream.Position(stream, step: step, block: block).counter) { Array($0) }
          #expect(counter.count == 16 && counter[12...].allSatisfy { $0 == 0 })
          #expect(counter[0] == stream.rawValue)
          #expect(counter[1..<8].reduce(0) { $0 << 8 | Int($1) } == step)
          #expect(counter[8..<12].reduce(0) { $0 << 8 | Int($1) } == block)
          #expect(seen.insert(Array(counter[..<12])).inserted)
        }
      }
    }
  }

  /// All 16-byte blocks that a run of several steps draws are different (a repeat by chance: 2⁻⁹⁸).
  @Test func aRunNeverRepeatsABlock() throws {
    let keystream = try Keystream(key: knownKey(8))
    var seen = Set<[UInt8]>()
    var drawn = 0
    for stream in [Keystream.Stream.noise, .inclusion, .inclusionTie] {
      for step in 0..<8 {
        for block in 0..<8 {
          var words = [UInt8](repeating: 0, count: 2048)
          try words.withUnsafeMutableBytes { try keystream.fill($0, at: .init(stream, step: step, block: block)) }
          for start in stride(from: 0, to: words.count, by: 16) {
            seen.insert(Array(words[start..<start + 16]))
            drawn += 1
          }
        }
      }
    }
    #expect(seen.count == drawn)
  }
}
