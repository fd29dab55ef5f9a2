from analysis.workloads.zoo.texts import FILMS, TOKENS, read_texts, write_texts


def test_texts_come_back_as_they_were(tmp_path):
    write_texts(tmp_path, {TOKENS: ["Ġa", "é", '"'], FILMS: ("Amélie (2001)",)})
    assert read_texts(tmp_path, TOKENS) == ("Ġa", "é", '"')
    assert read_texts(tmp_path, FILMS) == ("Amélie (2001)",)


def test_a_folder_without_texts_has_none(tmp_path):
    assert read_texts(tmp_path, TOKENS) == ()
