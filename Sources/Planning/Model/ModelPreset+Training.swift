extension ModelPreset {
  /// Training settings that were measured to serve the network well under a budget, on the data that README's table of
  /// accuracies names; nil for networks that are here to be timed, or that no data at hand teaches anything.
  public var recommendedTraining: TrainingSpecification? {
    switch self {
    case .tutorialCNN:
      TrainingSpecification(
        batchSize: 1024, epochs: 15, optimizer: OptimizerSpecification(learningRate: 6),
        clipping: ClippingSpecification(norm: 0.3))
    case .fashionCNN:
      TrainingSpecification(
        batchSize: 2048, epochs: 40, optimizer: OptimizerSpecification(learningRate: 4, momentum: 0.9),
        averageDecay: 0.98, clipping: ClippingSpecification(norm: 0.1))
    case .logisticRegression:
      TrainingSpecification(
        batchSize: 512, epochs: 20, optimizer: OptimizerSpecification(learningRate: 1, momentum: 0.9),
        clipping: ClippingSpecification(norm: 1))
    case .embeddingMeanPool:
      TrainingSpecification(
        batchSize: 1000, epochs: 30, optimizer: OptimizerSpecification(.adam(), learningRate: 0.02),
        clipping: ClippingSpecification(norm: 1))
    default: nil
    }
  }

  /// One line for people who choose.
  public var summary: String {
    switch self {
    case .tutorialCNN: "The network of TensorFlow Privacy's tutorial: two convolutions, two dense layers."
    case .fashionCNN: "The tutorial's network with tanh, which clipping disturbs less."
    case .cifarCNN: "Three pairs of 3×3 convolutions with tanh, for CIFAR-10."
    case .simpleConvNet: "LeNet's shape: two 5×5 convolutions, three dense layers."
    case .largerConvNet: "Four 3×3 convolutions and global average pooling."
    case .resNet34Simplified: "Four convolutions of up to 512 filters, without residuals."
    case .resNet18: "ResNet-18 for 32×32 images, with group norm."
    case .vgg11: "VGG11 for 32×32 images, with one hidden dense layer of 4096."
    case .vgg19: "VGG19 with the same head."
    case .logisticRegression: "One dense layer."
    case .mlp: "One hidden layer of 128 units."
    case .embeddingMeanPool: "Embedding of tokens, mean over positions, two dense layers."
    case .lstm: "Embedding of tokens and an LSTM of 100 units, classified by its last state."
    case .gpt2Tiny: "A decoder of four blocks that predicts each token from those before it."
    case .robertaTiny: "An encoder of four blocks, classified by its first position."
    case .viTTiny: "A vision transformer of twelve blocks on 4×4 patches."
    }
  }
}
