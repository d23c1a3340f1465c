// swift-tools-version: 6.2
import PackageDescription

// Imports point one way; the README has the picture. `Service` never links the numeric backends and `Worker` never
// links the HTTP server: a fault or a hole in one cannot reach the other.

let strict: [SwiftSetting] = [.treatAllWarnings(as: .error), .swiftLanguageMode(.v6)]
let strictC: [CSetting] = [.unsafeFlags(["-Wall", "-Wextra", "-Werror"])]

func library(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(of name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .testTarget(
    name: name + "Tests",
    dependencies: [.init(stringLiteral: name), "TestSupport"] + dependencies,
    swiftSettings: strict)
}

let package = Package(
  name: "epsilond",
  products: [
    .executable(name: "epsilond", targets: ["epsilond"])
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
  ],
  targets: [
    // C: system calls and libraries that Swift cannot import alone, SIMD kernels, and the files built into the binary.
    .target(name: "CLinux", cSettings: strictC),
    .target(name: "CAssets", cSettings: [.unsafeFlags(["-std=c23"])]),
    .target(
      name: "COpenSSL", cSettings: strictC,
      linkerSettings: [.linkedLibrary("ssl"), .linkedLibrary("crypto")]),
    .target(name: "CZlib", cSettings: strictC, linkerSettings: [.linkedLibrary("z")]),
    .target(name: "COneDNN", cSettings: strictC, linkerSettings: [.linkedLibrary("dnnl")]),
    .target(name: "CKernels", cSettings: [.unsafeFlags(["-O3", "-Wall", "-Wextra", "-Werror"])]),

    library("Accounting"),
    library("Planning", ["Accounting"]),
    library("Tensors", ["COneDNN", "CKernels"]),
    library("NeuralNetworks", ["Tensors", "CKernels"]),
    library("Datasets", ["CZlib", "COpenSSL"]),
    library("PrivateTraining", ["Planning", "Datasets", "NeuralNetworks", "Tensors", "COpenSSL", "CKernels"]),
    library("Ledger", ["Planning", "Accounting", "COpenSSL"]),
    library("SQLiteStore", ["Ledger", .product(name: "GRDB", package: "GRDB.swift")]),
    library("HTTPServer", ["CLinux", "CZlib"]),
    library("API", ["Ledger", "Planning", "Accounting", "Datasets"]),
    library(
      "Service",
      ["API", "HTTPServer", "Ledger", "Datasets", "CAssets", .product(name: "Yams", package: "Yams")]),
    library("Worker", ["Ledger", "Planning", "Accounting", "Datasets", "NeuralNetworks", "PrivateTraining"]),
    .executableTarget(
      name: "epsilond",
      dependencies: [
        "API", "Datasets", "HTTPServer", "Ledger", "NeuralNetworks", "Planning", "PrivateTraining", "Service",
        "SQLiteStore", "Tensors", "Worker",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: strict),

    .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: strict),
    // The suite that every `Store` must pass, and a store in memory for tests that enumerate.
    .target(
      name: "LedgerTesting", dependencies: ["Ledger", "Accounting"], path: "Tests/LedgerTesting", swiftSettings: strict),
    tests(of: "Accounting"),
    tests(of: "Planning", ["Accounting"]),
    tests(of: "Tensors"),
    tests(of: "NeuralNetworks", ["Tensors"]),
    tests(of: "Datasets"),
    tests(
      of: "PrivateTraining",
      ["Accounting", "Planning", "Datasets", "NeuralNetworks", "Tensors", "COpenSSL", "CKernels"]),
    tests(of: "Ledger", ["LedgerTesting", "Accounting"]),
    tests(of: "SQLiteStore", ["LedgerTesting", "Ledger", "Accounting", .product(name: "GRDB", package: "GRDB.swift")]),
    tests(of: "HTTPServer", ["CZlib"]),
    tests(of: "API", ["LedgerTesting", "Ledger", "Planning", "Datasets"]),
    tests(of: "Service", ["API", "HTTPServer", "Ledger", "SQLiteStore"]),
    tests(of: "Worker", ["Ledger", "Planning", "Accounting", "Datasets", "PrivateTraining", "SQLiteStore"]),
    // Runs the program as a process: it depends on it only so that the two are built together.
    tests(of: "epsilond"),
  ]
)
