from streamlit.testing.v1 import AppTest


def script():
    import streamlit as st

    from pages.ui.sections import section, turn_to

    turn_to(st.session_state.get("on_page", "first"))
    with section("More", key="more", icon=":material/rule:") as drawn:
        if drawn:
            st.text_input("Said", key="said")


def test_what_is_folded_is_not_drawn():
    app = AppTest.from_function(script).run()
    assert [box.label for box in app.expander] == ["More"]
    assert not app.text_input


def test_what_was_typed_is_kept_when_it_is_folded_again():
    app = AppTest.from_function(script).run()
    app.session_state["more"] = True
    app.run().text_input[0].input("yes").run()
    app.session_state["more"] = False
    assert app.run().text_input[0].value == "yes"


def test_another_page_begins_with_everything_folded():
    app = AppTest.from_function(script).run()
    app.session_state["more"] = True
    app.run()
    app.session_state["more"] = False
    app.session_state["on_page"] = "second"
    assert not app.run().text_input
