import API
import Testing
