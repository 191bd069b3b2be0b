"""Readers of CSV, Parquet, Arrow and npz files."""
