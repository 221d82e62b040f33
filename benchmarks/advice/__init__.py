"""Scores the advice: is what it recommends within 2 % of the best of all presets?"""
