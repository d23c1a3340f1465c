import Testing
import API
