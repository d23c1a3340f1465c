import Testing
import PrivateTraining
