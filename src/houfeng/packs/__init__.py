"""The pack language: load, check, bind, compile, explain, test."""
